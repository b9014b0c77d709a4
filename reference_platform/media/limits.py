"""What the media room may take, and how patient it is."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Bounds of live viewing.

    Attributes:
        grace_s: how long a pull outlives its last subscriber.
        retry_s, longest_retry_s: first and longest pause before a lost source is asked again.
        first_picture_s: how long a viewer waits for the first picture before an error.
        patience_s: how long a viewer's stream outlives its source.
        waiting_units: coded pictures that a slow subscriber may leave lying.
        waiting_bytes: bytes of them.
        waiting_pictures: decoded pictures that wait for a viewer's encoder.
        waiting_fragments: fragments that wait for a viewer's connection.
        blocked_s: how long a viewer may take nothing before it is let go.
        fragment_s: length of a fragment.
        key_interval_s: distance of key pictures in what viewers get.
        most_width, most_height: of what viewers get; larger sources are scaled down.
        most_bits_per_second: of one viewer's stream, on average.
        threads: for decoding, and as many again for encoding.
        most_viewers: at once on the whole platform.
        ticket_s: how long a ticket may be redeemed.
    """

    grace_s: float = 2.0
    retry_s: float = 1.0
    longest_retry_s: float = 30.0
    first_picture_s: float = 10.0
    patience_s: float = 15.0
    waiting_units: int = 600
    waiting_bytes: int = 16_000_000
    waiting_pictures: int = 6
    waiting_fragments: int = 5
    blocked_s: float = 20.0
    fragment_s: float = 0.3
    key_interval_s: float = 2.0
    most_width: int = 1920
    most_height: int = 1088
    most_bits_per_second: int = 5_000_000
    threads: int = os.cpu_count() or 1
    most_viewers: int = 500
    ticket_s: float = 60.0
