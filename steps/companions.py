"""Which probes look at one recording together.

Opening a stream and decoding its pictures costs more than everything that is done with them, and
no machine keeps the pictures of a hundred cameras until the next scenario asks.
"""

from __future__ import annotations

from collections.abc import Callable

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.colour import measure_colour
from probes.frame_rate import measure_frame_rate
from probes.picture_size import measure_picture_size

Probe = Callable[[Recording], Measurement]

_OF_THE_MAIN_STREAM: tuple[Probe, ...] = (measure_picture_size, measure_frame_rate, measure_colour)


def companions(probe: Probe) -> tuple[Probe, ...]:
    """The probes that are better run together with ``probe``, without itself."""
    if probe not in _OF_THE_MAIN_STREAM:
        return ()
    return tuple(other for other in _OF_THE_MAIN_STREAM if other is not probe)
