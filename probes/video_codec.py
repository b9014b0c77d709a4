"""Video codec: what the bitstream is by its own structure, and whether it decodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.bitstream import program_stream_types
from probes.opening import open_track, outcome
from probes.streams import Track
from protocols.errors import ProtocolError
from protocols.jpeg import parse_jpeg

QUANTITY = "video-codec"
INSTRUMENT = "video-codec/1"
METHOD = "method.video-codec"
UNKNOWN = "unknown"
_FEWEST_PACKETS = 20
_LOSSY_SHARE = 0.2
_CLOSER_LOOK = 50
_MOST_KEYS = 10
_JPEG_LOOKS = 5
_SAME = {"MJPEG": "JPEG", "HEVC": "H265", "AVC": "H264", "MP2P": "PS"}


def measure_video_codec(recording: Recording) -> Measurement:
    """The codec of the first video track.

    One of ``H264``, ``H265``, ``JPEG``, ``PS``, ``MP2T``, ``unknown``, told from the structure of
    the payloads, whatever the session description says. Then a stretch of pictures and key
    pictures are decoded; where one fails, all key pictures and more.

    details: ``claimed`` by the session description and ``agrees``; ``examined`` complete
    pictures (loss-free, so that the path cannot be blamed), ``decoded``, ``refused``, ``guessed``
    (decoded with errors hidden), ``doubtful`` (counted as decoded: a strict decoder refuses
    them, a lenient one shows them without a flaw), ``decodable_share`` (strictly, without a
    guess; ``None`` when none could be examined); ``profile``, ``level``,
    ``broken_parameter_sets``; ``restart_markers`` {looked_at, wrong} for JPEG; ``stream_types``
    for PS; ``key_pictures``, ``pictures``; ``first_bytes`` of some payloads in hexadecimal;
    ``loss_share``.

    spoilt: ``video-codec.too-few-packets``, ``.lossy-path``, ``.no-key-picture`` (nothing to begin
    decoding with), ``.doubtful-pictures`` (no worse than doubtful), and those of ``open_track``.
    """
    track = open_track(recording, QUANTITY)
    if isinstance(track, Reason):
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=track)
    if len(track.packets) < _FEWEST_PACKETS:
        too_few = Reason(f"{QUANTITY}.too-few-packets", {"packets": len(track.packets)})
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=too_few)
    claimed = _SAME.get(track.encoding, track.encoding)
    codec = track.codec or UNKNOWN
    decoded = _decoded(track)
    return outcome(
        recording,
        QUANTITY,
        "",
        INSTRUMENT,
        METHOD,
        codec,
        spoilt=_spoilt(track, decoded),
        details={
            "claimed": claimed,
            "agrees": codec == claimed,
            "pictures": len(track.units),
            "key_pictures": int(track.units.key.sum()),
            "loss_share": track.loss.share,
            "first_bytes": [track.packets.payload(row)[:16].hex() for row in range(4)],
            **_announced(track),
            **decoded,
            **({"restart_markers": _restarts(track)} if codec == "JPEG" else {}),
            **({"stream_types": program_stream_types(track.packets)} if codec == "PS" else {}),
        },
    )


def _spoilt(track: Track, decoded: dict[str, Any]) -> Reason | None:
    if track.loss.share > _LOSSY_SHARE:
        return Reason(f"{QUANTITY}.lossy-path", {"share": track.loss.share})
    if track.codec in ("H264", "H265") and not len(track.key_units()):
        return Reason(f"{QUANTITY}.no-key-picture", {"pictures": len(track.units)})
    if decoded["doubtful"] and not decoded["refused"] and not decoded["guessed"]:
        counts = {name: decoded[name] for name in ("doubtful", "examined")}
        return Reason(f"{QUANTITY}.doubtful-pictures", counts)
    return None


def _announced(track: Track) -> dict[str, Any]:
    first = track.formats[0].format if track.formats else None
    return {
        "profile": first and first.profile,
        "level": first and first.level,
        "broken_parameter_sets": track.broken_formats,
    }


def _decoded(track: Track) -> dict[str, Any]:
    """Counts over the complete pictures that were given to the decoder."""
    decoder = track.decoder
    track.glances()
    track.key_pictures(2)
    if decoder.refused or decoder.guessed:
        _look_closer(track)
    complete = {int(index) for index in np.flatnonzero(track.units.complete)}
    strictly = decoder.decoded & complete
    rejected = decoder.refused - strictly
    doubtful = rejected & decoder.tolerated - decoder.guessed if track.codec == "H264" else set()
    refused = rejected - doubtful
    examined = len(strictly) + len(rejected)
    return {
        "examined": examined,
        "decoded": len(strictly) + len(doubtful),
        "refused": len(refused),
        "guessed": len(strictly & decoder.guessed),
        "doubtful": len(doubtful),
        "decodable_share": len(strictly - decoder.guessed) / examined if examined else None,
    }


def _look_closer(track: Track) -> None:
    """Decode key pictures and a longer stretch, strictly and as a player would."""
    decoder, keys = track.decoder, track.key_units()
    chosen = keys[np.unique(np.linspace(0, len(keys) - 1, _MOST_KEYS).astype(int))]
    ranges = [(int(key), int(key) + 1) for key in chosen]
    ranges.append((int(keys[0]), track.sound_end(int(keys[0]), _CLOSER_LOOK)))
    for first, end in ranges:
        for strict in (True, False):
            for _ in decoder.run(first, end, strict=strict):
                pass


def _restarts(track: Track) -> dict[str, int]:
    """JPEG pictures whose restart markers were looked at, and those where they do not count."""
    complete = np.flatnonzero(track.units.complete)
    looked_at = wrong = 0
    for index in complete[:: max(1, len(complete) // _JPEG_LOOKS)][:_JPEG_LOOKS]:
        try:
            picture = parse_jpeg(track.decoder.coded(track.units[int(index)]))
        except ProtocolError:
            continue
        looked_at += 1
        wrong += picture.restarts_in_order is False
    return {"looked_at": looked_at, "wrong": wrong}
