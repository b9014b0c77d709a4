"""The visits ``stream:day``, ``stream:night``, ``stream:sub`` and ``stream:codec-...``."""

from __future__ import annotations

from typing import Any

from protocols.errors import ProtocolError
from protocols.sdp import parse_sdp
from targets.errors import VisitProblem
from targets.onvif_reading import Facts
from visits.circumstances import Visit
from visits.stream_source import (
    main_profile,
    seconds_with_a_key_picture,
    sub_profile,
    take_profile,
)

#: ONVIF's names of the codecs in the kinds of visit.
CODECS = {"h264": "H264", "h265": "H265", "mjpeg": "JPEG"}
_NAMES = {"H264": "H.264", "H265": "H.265", "JPEG": "MJPEG"}


async def record_stream(visit: Visit, variant: str) -> None:
    """Fill the draft of ``stream:<variant>`` as docs/recordings.md describes.

    Raises:
        VisitProblem: no stream was received, or not in the light or codec asked for.
        ValueError: there is no such variant.
    """
    await visit.note_reference()
    if variant in ("day", "night"):
        await visit.need_light("day" if variant == "day" else "night")
        await take_profile(visit, await main_of(visit), visit.lengths.main)
    elif variant == "sub":
        visit.needs_onvif()
        profile = sub_profile(await visit.media.profiles())
        seconds = seconds_with_a_key_picture(profile, visit.lengths.other)
        await take_profile(visit, profile, seconds)
    elif variant.removeprefix("codec-") in CODECS and variant.startswith("codec-"):
        await _record_codec(visit, CODECS[variant.removeprefix("codec-")])
    else:
        raise ValueError(f"no stream variant {variant!r}")


async def main_of(visit: Visit) -> Facts | None:
    """The main profile, or ``None`` for a camera that only streams."""
    return main_profile(await visit.media.profiles()) if visit.camera.speaks_onvif else None


async def _record_codec(visit: Visit, codec: str) -> None:
    if not visit.camera.speaks_onvif:
        await take_profile(visit, None, visit.lengths.other)
        if codec not in _described_codecs(visit):
            raise VisitProblem("visit.one-stream", what=_NAMES[codec])
        return
    profiles = await visit.media.profiles()
    ready = [one for one in profiles if one["video"] and one["video"]["encoding"] == codec]
    if ready:
        profile = main_profile(ready)
        seconds = seconds_with_a_key_picture(profile, visit.lengths.other)
        await take_profile(visit, profile, seconds)
        return
    await _record_after_change(visit, profiles, codec)


def _described_codecs(visit: Visit) -> set[str]:
    try:
        media = parse_sdp(visit.draft.content("session.sdp")).media
    except ProtocolError:
        return set()
    mapped = (one.rtpmap(number) for one in media for number in one.payload_types)
    return {one.encoding.upper() for one in mapped if one is not None}


async def _record_after_change(visit: Visit, profiles: list[Facts], codec: str) -> None:
    """Set an encoder to ``codec``, record, and put everything back as it was."""
    profile = min(
        (one for one in profiles if one["video"]),
        key=lambda one: (one["video"]["width"] or 0) * (one["video"]["height"] or 0),
        default=None,
    )
    if profile is None:
        raise VisitProblem("visit.not-offered", what="video", detail="profiles")
    options = (await visit.media.encoder_options(profile)).get(codec)
    if options is None:
        raise VisitProblem("visit.not-offered", what=codec, detail="encoder options")
    if not visit.circumstances.intrusive:
        raise VisitProblem("visit.needs-intrusive", what=codec)
    before = profile["video"]
    wanted = _suited(before, codec, options)
    change: dict[str, Any] = {"from": before, "to": wanted, "restored": False}
    visit.facts["changed"] = change
    try:
        await visit.media.set_encoder(profile, wanted)
        changed = await _read_again(visit, profile["token"])
        seconds = seconds_with_a_key_picture(changed, visit.lengths.other)
        await take_profile(visit, changed, seconds)
    finally:
        await visit.media.set_encoder(profile, before)
        restored = await _read_again(visit, profile["token"])
        change["restored"] = restored["video"] == before


async def _read_again(visit: Visit, token: str) -> Facts:
    for profile in await visit.media.profiles(again=True):
        if profile["token"] == token and profile["video"]:
            return profile
    raise VisitProblem("visit.malformed", where="GetProfiles", detail="profile disappeared")


def _suited(before: Facts, codec: str, options: Facts) -> Facts:
    """The encoder as it was, in ``codec``, with size and frame rate that it can have there."""
    size = [before["width"], before["height"]]
    sizes = options["sizes"]
    if sizes and size not in sizes:
        area = (size[0] or 0) * (size[1] or 0)
        size = min(sizes, key=lambda one: abs(one[0] * one[1] - area))
    low, high = options["frame_rate"]
    rate = before["frame_rate"] or high or 25.0
    rate = min(rate, high) if high else rate
    rate = max(rate, low) if low else rate
    return before | {"encoding": codec, "width": size[0], "height": size[1], "frame_rate": rate}
