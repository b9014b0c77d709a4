"""Records: found in the window, played at the speed asked for, paused, sought, downloaded whole."""

from __future__ import annotations

from typing import Any

import pytest

from assessment.recording import Recording
from probes.gb28181.records import measure_records
from protocols.gb28181.manscdp import Listing
from protocols.gb28181.times import format_time
from protocols.pcap import write_pcap
from tests.gb28181_recordings import (
    DEVICE,
    START,
    Talk,
    bye,
    empty,
    footage,
    invite,
    media_packets,
    program_stream,
)
from tests.probes.gb28181.test_registration import reasons

KIND = "gb28181:records"
_EACH = 4.0


def played(
    *,
    shift_s: float = 0.0,
    fast: float = 2.0,
    pauses: bool = True,
    media_status: bool = True,
    whole: float = 1.0,
    records: int = 1,
    seeks: bool = True,
) -> Recording:
    talk = Talk()
    end, begin = START, START - 3600
    talk.tells("Query", "RecordInfo", sn=7, outbound=True)
    rows = [
        [
            ("DeviceID", DEVICE),
            ("Name", "r"),
            ("StartTime", format_time(begin + 60 + shift_s)),
            ("EndTime", format_time(begin + 1860 + shift_s)),
            ("Secrecy", 0),
        ]
    ] * records
    fields = [("SumNum", records), ("RecordList", Listing(rows))]
    talk.tells("Response", "RecordInfo", fields, sn=7)
    query = {"name": "record-query", "at": talk.at, "sn": 7, "from": begin, "to": end}
    query |= {"status": 200}
    steps: list[dict[str, Any]] = [query]
    if not records:
        return talk.recording(KIND, steps)
    base = footage(25, 25)
    step = invite(talk, name="Playback") | {"name": "playback"}
    steps.append(step)
    frames: list[tuple[int, bytes]] = []
    pts, sequence = 90_000, 0

    def send(seconds: float, speed: float, *, stopped: bool = False) -> None:
        nonlocal pts, sequence
        if not stopped:
            count = round(seconds * speed * 25 / 25) * 25
            packs = program_stream(base * (count // 25), start_pts=pts)
            sent = media_packets(packs, talk.at, speed=speed, first_sequence=sequence)
            frames.extend(sent)
            sequence += len(sent)
            pts += count * 3600
        talk.pass_time(seconds)

    def mark(name: str, **more: Any) -> None:
        steps.append({"name": name, "at": talk.at, "status": 200, **more})

    send(_EACH, 1.0)
    mark("scale", value=2.0)
    send(_EACH, fast)
    mark("scale", value=1.0)
    mark("pause")
    send(_EACH, 1.0, stopped=pauses)
    mark("resume")
    send(_EACH, 1.0)
    mark("seek", npt=60.0)
    if seeks:
        pts = 90_000 + 60 * 90_000
    send(_EACH, 1.0)
    mark("file-end", media_status_at=talk.at + 0.1 if media_status else None)
    talk.pass_time(4)
    steps[-1]["ended"] = talk.at
    bye(talk, step)
    talk.pass_time(1)
    second = invite(talk, name="Download", part="media-2.pcap", file_size=1000)
    second |= {"name": "download", "from": begin, "to": begin + 20, "speed": 4}
    steps.append(second)
    packs = program_stream(base * round(20 * whole))
    loaded = media_packets(packs, talk.at, speed=4.0)
    talk.pass_time(6)
    second["media_status_at"] = talk.at
    bye(talk, second)
    parts = {"media-1.pcap": write_pcap(frames), "media-2.pcap": write_pcap(loaded)}
    return talk.recording(KIND, steps, parts=parts)


def test_records_that_play_as_told_conform() -> None:
    measured = measure_records(played())
    assert measured.details["reasons"] == []
    assert (measured.value, measured.spoilt) == ("conforms", None)
    asked = {one["asked"]: one["measured"] for one in measured.details["speeds"]}
    assert asked[2.0] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"shift_s": -8 * 3600.0}, "outside-window"),
        ({"fast": 1.0}, "scale-ignored"),
        ({"pauses": False}, "pause-goes-on"),
        ({"media_status": False}, "no-media-status"),
        ({"whole": 0.6}, "download-truncated"),
        ({"seeks": False}, "seek-ignored"),
    ],
)
def test_faults(what: dict[str, Any], reason: str) -> None:
    measured = measure_records(played(**what))
    assert reason in reasons(measured)


def test_nothing_recorded_decides_nothing() -> None:
    measured = measure_records(played(records=0))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "gb-records.no-records"
    assert measure_records(empty(KIND)).value is None
