"""Picture size: what the parameter sets announce and the decoded pictures have, all through.

The smallest displayed size of the capture counts: a camera that falls back under load is caught
by its smallest picture, not praised for its largest.
"""

from __future__ import annotations

from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.opening import open_track, outcome
from probes.streams import ArrivedFormat, Track
from protocols.picture_format import PictureFormat

QUANTITY = "picture-size"
INSTRUMENT = "picture-size/1"
METHOD = "method.picture-size"
_MOST_CHANGES = 32
_TRIES = 3


def measure_picture_size(recording: Recording) -> Measurement:
    """The smallest displayed size, e.g. ``1920x1080``, after cropping, before any stretching.

    details: ``displayed``, ``coded`` [width, height] and ``sample_aspect`` of the smallest size;
    ``smallest_width``, ``smallest_height``; ``sizes``: every size in order, each with
    ``from_s`` since the first packet, ``displayed``, ``coded``, ``sample_aspect``, ``decoded``
    ([width, height] of a decoded picture, or ``None``); ``declared`` by the profile, ``announced``
    by the session description; ``profile``, ``level``, ``broken_parameter_sets``.

    spoilt: ``picture-size.no-parameter-sets``, ``.no-key-picture``, ``.not-decodable``,
    ``.disagree`` (parameter set against decoded picture), and those of ``open_track``.
    """
    track = open_track(recording, QUANTITY)
    if isinstance(track, Reason):
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=track)
    details = _declared(recording, track)
    sizes = _sizes(track)
    spoilt = _spoilt(track, sizes)
    seen = [size for size in sizes if size["decoded"]]
    if not seen:
        details["sizes"] = sizes
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=spoilt, details=details)
    smallest = min(seen, key=lambda size: size["decoded"][0] * size["decoded"][1])
    width, height = smallest["decoded"]
    details |= {
        "displayed": smallest["displayed"],
        "coded": smallest["coded"],
        "sample_aspect": smallest["sample_aspect"],
        "smallest_width": min(size["decoded"][0] for size in seen),
        "smallest_height": min(size["decoded"][1] for size in seen),
        "sizes": sizes,
    }
    return outcome(
        recording,
        QUANTITY,
        "",
        INSTRUMENT,
        METHOD,
        f"{width}x{height}",
        spoilt=spoilt,
        details=details,
    )


def _declared(recording: Recording, track: Track) -> dict[str, Any]:
    profile = recording.facts.get("profile")
    declared = [profile.get("width"), profile.get("height")] if isinstance(profile, dict) else None
    announced = [each.format for each in track.formats if each.unit is None]
    first = track.formats[0].format if track.formats else None
    return {
        "declared": declared,
        "announced": [[each.width, each.height] for each in announced[:4]],
        "profile": first and first.profile,
        "level": first and first.level,
        "broken_parameter_sets": track.broken_formats,
    }


def _sizes(track: Track) -> list[dict[str, Any]]:
    """Every size in order; the session description only counts when the stream has none."""
    arrived = [each for each in track.formats if each.unit is not None] or track.formats[:1]
    start = int(track.packets.time_ns.min())
    sizes: list[dict[str, Any]] = []
    shown: PictureFormat | None = None
    for number, each in enumerate(arrived):
        if each.format == shown or len(sizes) == _MOST_CHANGES:
            continue
        shown = each.format
        end = next((later.unit for later in arrived[number + 1 :] if later.format != shown), None)
        decoded = _decoded_size(track, each, end)
        sizes.append(
            {
                "from_s": ((each.arrival_ns or start) - start) / 1e9,
                "displayed": [shown.width, shown.height],
                "coded": [shown.coded_width, shown.coded_height],
                "sample_aspect": list(shown.sample_aspect) if shown.sample_aspect else None,
                "decoded": list(decoded) if decoded else None,
            }
        )
    return sizes


def _decoded_size(track: Track, arrived: ArrivedFormat, end: int | None) -> tuple[int, int] | None:
    """The size of a key picture decoded without a guess while this format holds."""
    first, last = arrived.unit or 0, len(track.units) if end is None else end
    keys = [int(key) for key in track.key_units() if first <= key < last]
    for picture in track.key_pictures(2):
        if picture.index in keys and not picture.damaged:
            return picture.width, picture.height
    for key in keys[:_TRIES]:
        decoded = track.decoder.key_picture(key)
        if decoded is not None and not decoded.damaged:
            return decoded.width, decoded.height
    return None


def _spoilt(track: Track, sizes: list[dict[str, Any]]) -> Reason | None:
    if not sizes:
        return Reason(f"{QUANTITY}.no-parameter-sets", {"broken": track.broken_formats})
    if not len(track.key_units()):
        return Reason(f"{QUANTITY}.no-key-picture", {"pictures": len(track.units)})
    if not any(size["decoded"] for size in sizes):
        return Reason(f"{QUANTITY}.not-decodable", {"refused": len(track.decoder.refused)})
    for size in sizes:
        if size["decoded"] and size["decoded"] != size["displayed"]:
            said, seen = ("x".join(map(str, size[key])) for key in ("displayed", "decoded"))
            return Reason(f"{QUANTITY}.disagree", {"announced": said, "decoded": seen})
    return None
