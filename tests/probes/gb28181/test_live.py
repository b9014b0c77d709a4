"""Live view: sound over all transports, each fault alone, and what the path makes undecidable."""

from __future__ import annotations

from typing import Any

import pytest

from assessment.recording import Recording
from probes.gb28181.live import TRANSPORTS, measure_first_picture, measure_live
from protocols.mpeg_ps.build import NO_FLAWS, Flaws
from protocols.pcap import write_pcap
from tests.gb28181_recordings import (
    SSRC,
    Talk,
    bye,
    empty,
    footage,
    invite,
    media_packets,
    program_stream,
)
from tests.probes.gb28181.test_registration import reasons

KIND = "gb28181:live"


def viewed(
    *,
    flaws: Flaws = NO_FLAWS,
    ssrc: int = SSRC,
    payload_type: int = 96,
    after_bye: int = 0,
    status: int = 200,
    late: int = 0,
    media: bool = True,
    transports: tuple[str, ...] = TRANSPORTS,
    lose: tuple[int, ...] = (),
    problem: Any = None,
    **answer: Any,
) -> Recording:
    talk = Talk()
    talk.register()
    steps, parts = [], {}
    for index, transport in enumerate(transports, 1):
        talk.pass_time(1)
        part = f"media-{index}.pcap"
        broken = transport == transports[-1]
        step = invite(
            talk,
            transport=transport,
            part=part,
            status=status if broken else 200,
            **(answer if broken else {}),
        )
        step["problem"] = problem if broken else None
        steps.append(step)
        if step["status"] != 200:
            continue
        packs = program_stream(footage(50), flaws=flaws if broken else NO_FLAWS)
        if broken and late:
            packs = packs[1:25] * late + packs[25:]
            packs = [(90_000 + n * 3600, pack) for n, (_, pack) in enumerate(packs)]
        frames = media_packets(
            packs,
            talk.at + 0.1,
            ssrc=ssrc if broken else SSRC,
            payload_type=payload_type if broken else 96,
            lose=lose if broken else (),
        )
        talk.pass_time(len(packs) / 25 + 0.2)
        if broken and after_bye:
            again = media_packets(packs[:after_bye], talk.at, first_sequence=30_000)
            frames += [frame for frame in again if frame[0] / 1e9 > frames[-1][0] / 1e9]
        parts[part] = write_pcap(frames if media or not broken else [])
        bye(talk, step)
    return talk.recording(KIND, steps, parts=parts)


def test_sound_media_over_all_transports_conform() -> None:
    measured = measure_live(viewed())
    assert measured.details["reasons"] == []
    assert (measured.value, measured.spoilt) == ("conforms", None)
    assert measured.details["sessions"]["udp"]["codec"] == "H264"
    first = measure_first_picture(viewed())
    assert isinstance(first.value, float)
    assert 0 < first.value < 1


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"ssrc": SSRC + 5}, "wrong-ssrc"),
        ({"answer_ssrc": SSRC + 5}, "wrong-ssrc"),
        ({"payload_type": 98, "answer_type": 98}, "wrong-payload-type"),
        ({"flaws": Flaws(map=False)}, "no-map"),
        ({"flaws": Flaws(pes_length_error=7)}, "malformed-stream"),
        ({"flaws": Flaws(map_checksum=False)}, "malformed-stream"),
        ({"status": 488}, "refused"),
        ({"after_bye": 50}, "goes-on"),
        (
            {"media": False, "problem": {"code": "visit.refused", "parameters": {}}},
            "connection-refused",
        ),
    ],
)
def test_faults(what: dict[str, Any], reason: str) -> None:
    measured = measure_live(viewed(**what))
    assert measured.value == "deviates"
    assert reasons(measured)[0] == reason


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"transports": ("udp",)}, "transport-untested"),
        ({"media": False}, "no-media"),
        ({"status": 486}, "busy"),
    ],
)
def test_doubts(what: dict[str, Any], reason: str) -> None:
    measured = measure_live(viewed(**what))
    assert measured.value is None
    assert measured.spoilt is not None
    assert measured.spoilt.code == f"gb-live.{reason}"


def test_what_the_path_lost_is_no_fault_of_the_device() -> None:
    measured = measure_live(viewed(lose=tuple(range(5, 300, 9))))
    assert measured.details["reasons"] == []


def test_a_first_picture_that_does_not_come_counts_with_the_watch() -> None:
    measured = measure_first_picture(viewed(late=3))
    assert isinstance(measured.value, float)
    assert measured.value > 2.5


def test_without_a_device_the_visit_says_why() -> None:
    for probe in (measure_live, measure_first_picture):
        measured = probe(empty(KIND))
        assert measured.spoilt is not None
        assert measured.spoilt.code == "visit.no-gb28181"
