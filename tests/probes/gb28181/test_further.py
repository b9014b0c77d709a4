"""Form, sound, alarm ports, protection, registration passwords, the platform as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.alarm_ports import measure_alarm_ports
from probes.gb28181.broadcast import measure_broadcast
from probes.gb28181.control import measure_control
from probes.gb28181.protection import measure_protection
from probes.gb28181.ptz_type import measure_ptz_type
from probes.gb28181.system import measure_system
from probes.gb28181.weak_registration import measure_weak_registration
from protocols.gb28181.manscdp import Listing
from protocols.mpeg_ps.build import ProgramStreamBuilder
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
from tests.probes.gb28181.test_queries import ITEM
from tests.probes.gb28181.test_registration import reasons


def code_of(measured: Measurement) -> str:
    """The reason of a fault, else of the doubt, else the value."""
    if measured.value == "deviates":
        return reasons(measured)[0]
    return measured.spoilt.code if measured.spoilt else str(measured.value)


def registered(**facts: Any) -> Recording:
    talk = Talk()
    talk.register()
    return talk.recording("gb28181:registration", **facts)


@pytest.mark.parametrize(
    ("ptz_type", "found", "declared", "outcome"),
    [
        (1, ["as-told"], "dome", "conforms"),
        (1, ["still", "still"], "", "turning-stands"),
        (3, ["as-told"], "", "fixed-moves"),
        (3, ["still"], "球机", "other-form"),
        (2, ["still"], "", "conforms"),
        (None, ["still"], "", "gb-ptz-type.not-told"),
        (1, ["unclear"], "", "gb-ptz-type.ability-unknown"),
    ],
)
def test_form(ptz_type: int | None, found: list[str], declared: str, outcome: str) -> None:
    recording = registered(ptz_type=ptz_type)
    control = measure_control(recording)
    control = replace(control, details={"moves": [{"what": "left", "found": f} for f in found]})
    assert code_of(measure_ptz_type(recording, control, declared=declared)) == outcome


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([{"correct": True, "weak": None}], "conforms"),
        ([{"correct": True, "weak": "factory-1"}], "weak"),
        ([{"correct": False, "weak": "common-2"}], "weak"),
        ([{"correct": False, "weak": None}], "gb-weak-registration.no-digest"),
        ([], "gb-weak-registration.no-digest"),
    ],
)
def test_registration_password(answers: list[dict[str, Any]], outcome: str) -> None:
    assert code_of(measure_weak_registration(registered(answers=answers))) == outcome


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "conforms"),
        ({"tampered": {"obeyed": True}}, "tampered-obeyed"),
        ({"replayed": {"obeyed": True}}, "replay-obeyed"),
        ({"tampered": {"obeyed": None, "closed": True}}, "conforms"),
        ({"tampered": {"obeyed": None}}, "gb-protection.outcome-unknown"),
        ({"foreign-certificate": {"registered_over_it": True}}, "foreign-certificate"),
        ({"baseline": {"answered": False}}, "gb-protection.no-baseline"),
    ],
)
def test_protection(change: dict[str, dict[str, Any]], outcome: str) -> None:
    steps = {
        "baseline": {"answered": True},
        "tampered": {"channel": "tls", "obeyed": False, "closed": True},
        "replayed": {"channel": "tls", "obeyed": False, "closed": True},
        "foreign-certificate": {"registered_over_it": False},
    }
    for name, more in change.items():
        steps[name] = {"channel": "tls", "closed": False, **more}
    talk = Talk(transport="tls")
    talk.register()
    listed = [{"name": name, "at": START, **step} for name, step in steps.items()]
    recording = talk.recording("gb28181:protection", listed, transport="tls")
    assert code_of(measure_protection(recording)) == outcome


def speaking(*, dead: bool = False, result: str = "OK", invited: bool = True) -> Recording:
    talk = Talk(transport="tcp")
    talk.register()
    step = invite(talk, transport="tcp-device-active")
    builder = ProgramStreamBuilder("H264", "PCMA")
    noise = np.random.default_rng(3)
    packs = []
    for index, one in enumerate(footage(50)):
        pts = 90_000 + index * 3600
        sound = b"\xd5" * 320 if dead else noise.integers(0, 255, 320, np.uint8).tobytes()
        packs.append((pts, builder.picture(one.data, pts, one.key) + builder.sound(sound, pts)))
    frames = media_packets(packs, talk.at)
    talk.pass_time(3)
    bye(talk, step)
    spoken = {
        "name": "broadcast",
        "at": START,
        "status": 200,
        "answered": True,
        "result": result,
        "invited": invited,
        "sent_packets": 100,
    }
    parts = {"media-1.pcap": write_pcap(frames)}
    return talk.recording("gb28181:broadcast", [step, spoken], parts=parts)


def test_sound() -> None:
    assert code_of(measure_broadcast(speaking())) == "conforms"
    assert code_of(measure_broadcast(speaking(dead=True))) == "microphone-dead"
    assert code_of(measure_broadcast(speaking(result="ERROR", invited=False))) == "refused"
    assert code_of(measure_broadcast(speaking(invited=False))) == "not-fetched"


def alarmed(*, came: bool, by: str = "rig") -> Recording:
    talk = Talk()
    talk.register()
    notified = {"name": "notified", "at": START + 1 if came else None}
    return talk.recording("gb28181:alarm", [{"name": "raise", "at": START, "by": by}, notified])


def test_alarm_ports() -> None:
    def told(inputs: int, outputs: int) -> Recording:
        facts = {"digital_inputs": ["i"] * inputs, "relay_outputs": ["o"] * outputs}
        return replace(empty("description"), problem=None, facts=facts)

    assert code_of(measure_alarm_ports(alarmed(came=True), told(1, 1))) == "conforms"
    assert code_of(measure_alarm_ports(alarmed(came=False), told(1, 1))) == "input-dead"
    assert code_of(measure_alarm_ports(alarmed(came=False), told(0, 1))) == "no-input"
    assert code_of(measure_alarm_ports(alarmed(came=True), told(1, 0))) == "no-output"
    untried = "gb-alarm-ports.input-untried"
    assert code_of(measure_alarm_ports(alarmed(came=False, by="none"), told(1, 1))) == untried


def platform(*, cameras: int = 1, picture: bool = True) -> Recording:
    talk = Talk(device="61010200002000000009")
    talk.register()
    rows = [ITEM | {"DeviceID": DEVICE}] * cameras
    fields: list[Any] = [("SumNum", cameras)]
    fields += [("DeviceList", Listing(rows))] if rows else []
    talk.tells("Response", "Catalog", fields)
    step = invite(talk) | {"name": "picture"}
    frames = media_packets(program_stream(footage(50)), talk.at) if picture else []
    return talk.recording("gb28181:platform", [step], parts={"media-1.pcap": write_pcap(frames)})


def test_system() -> None:
    assert code_of(measure_system(platform())) == "conforms"
    assert code_of(measure_system(platform(cameras=0))) == "nothing-listed"
    assert code_of(measure_system(platform(picture=False))) == "gb-system.no-picture"


@pytest.mark.parametrize(
    "probe",
    [
        measure_alarm_ports,
        measure_broadcast,
        measure_protection,
        measure_system,
        measure_weak_registration,
    ],
)
def test_without_a_device_the_visit_says_why(probe: Any) -> None:
    assert code_of(probe(empty("gb28181:any"))) == "visit.no-gb28181"
