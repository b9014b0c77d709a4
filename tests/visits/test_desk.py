from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from assessment.reason import Reason
from assessment.recording import Recording
from assessment.store import RunStore
from protocols.errors import ProtocolError
from targets.camera import CameraTarget, parse_camera
from targets.errors import VisitProblem
from tests.targets.servers import tcp_server
from tests.visits.equipment import (
    SHORT,
    MemoryStore,
    Start,
    circumstances,
    onvif_camera,
    onvif_target,
    streaming,
)
from tests.visits.test_visits import CountingDevice
from visits.circumstances import Visit
from visits.desk import NotRecorded, VisitDesk, VisitsBroken


def camera(number: int) -> CameraTarget:
    return parse_camera(f"onvif://127.12.1.{number}", point=f"p{number}")


class Recorders:
    """Kinds of visit that note who is being visited at the same time."""

    def __init__(self) -> None:
        self.now: list[str] = []
        self.most = 0
        self.twice = False
        self.count = 0

    async def slow(self, visit: Visit) -> None:
        self.count += 1
        self.twice = self.twice or visit.camera.point in self.now
        self.now.append(visit.camera.point)
        self.most = max(self.most, len(self.now))
        await asyncio.sleep(0.05)
        self.now.remove(visit.camera.point)
        visit.facts["thread"] = threading.current_thread().name

    async def problem(self, visit: Visit) -> None:
        visit.facts["reached"] = 1
        raise VisitProblem("visit.refused")

    async def malformed(self, visit: Visit) -> None:
        raise ProtocolError("bad bytes")

    async def broken(self, visit: Visit) -> None:
        if visit.camera.point == "p2":
            raise ZeroDivisionError("ours")

    async def blocking(self, visit: Visit) -> None:
        await asyncio.sleep(0)
        time.sleep(0.3)

    async def endless(self, visit: Visit) -> None:
        visit.facts["reached"] = 1
        await asyncio.Event().wait()

    def all(self) -> dict[str, object]:
        names = ("slow", "problem", "malformed", "broken", "blocking", "endless")
        return {name: getattr(self, name) for name in names} | {"also": self.slow}


def desk(recorders: Recorders, store: MemoryStore | None = None, **options: object) -> VisitDesk:
    given = circumstances(lengths=replace(SHORT, visit=0.1, other=0.0))
    return VisitDesk(
        store or MemoryStore(),
        given,
        recorders=recorders.all(),  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )


def test_cameras_are_visited_side_by_side_but_not_too_many_at_once() -> None:
    recorders = Recorders()
    seen: list[tuple[str, str]] = []
    with desk(recorders, at_once=3) as one:
        recordings = one.visit_all(
            "slow",
            [camera(number) for number in range(8)],
            lambda kind, target, recording: seen.append((kind, target.point)),
        )
    assert list(recordings) == [f"p{number}" for number in range(8)]
    assert recorders.most == 3
    assert sorted(seen) == [("slow", f"p{number}") for number in range(8)]
    assert {one.facts["thread"] for one in recordings.values()} == {"visits"}


def test_a_recording_says_how_late_the_harness_was_while_it_was_made() -> None:
    with desk(Recorders(), at_once=1) as one:
        late = {
            kind: one.visit_all(kind, [camera(1)])["p1"].facts["harness_late_s"]
            for kind in ("slow", "blocking")
        }
    assert 0.0 <= late["slow"] < 0.2 < late["blocking"]


def test_what_simulated_devices_were_late_by_counts_as_well() -> None:
    asked = []

    def late_elsewhere(since: float, until: float) -> float:
        asked.append(until - since)
        return 7.0

    given = circumstances(lengths=replace(SHORT, other=0.0), late_elsewhere=late_elsewhere)
    with VisitDesk(MemoryStore(), given, recorders=Recorders().all()) as one:  # type: ignore[arg-type]
        recording = one.visit_all("slow", [camera(1)])["p1"]
    assert recording.facts["harness_late_s"] == 7.0
    assert len(asked) == 1
    assert 0.05 <= asked[0] < 5


async def test_a_camera_sees_one_visit_at_a_time_and_each_kind_once() -> None:
    recorders = Recorders()
    one = desk(recorders)
    await asyncio.gather(*(one.visit(kind, camera(1)) for kind in ("slow", "also", "slow")))
    assert not recorders.twice
    assert recorders.count == 2
    again = await one.visit("slow", camera(1))
    assert again is await one.visit("slow", camera(1))
    assert recorders.count == 2


async def test_pictures_are_taken_while_signalling_is_waited_for_and_beside_nothing_else() -> None:
    talk, pictures = "gb28181:registration", "white-light"
    begun = {kind: asyncio.Event() for kind in (talk, pictures)}
    seen: list[str] = []

    async def meets(kind: str, other: str) -> None:
        begun[kind].set()
        await begun[other].wait()
        seen.append(kind)

    async def alone(visit: Visit) -> None:
        seen.append("alone")
        await asyncio.sleep(0.01)
        seen.append("alone")

    recorders = {
        talk: lambda _: meets(talk, pictures),
        pictures: lambda _: meets(pictures, talk),
        "clock": alone,
    }
    one = VisitDesk(MemoryStore(), circumstances(), recorders=recorders)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        await asyncio.gather(*(one.visit(kind, camera(1)) for kind in ("clock", talk, pictures)))
    assert sorted(seen[:2]) == ["alone", "alone"]
    assert sorted(seen[2:]) == [talk, pictures]


def test_the_background_goes_through_both_side_by_side_in_their_order() -> None:
    recorders = Recorders()
    kinds = ("slow", "stream:codec-h264", "white-light", "gb28181:keepalive", "also")
    told: list[str] = []
    done = threading.Event()

    def progress(kind: str, _: CameraTarget, __: Recording) -> None:
        told.append(kind)
        if kind == "also":
            done.set()

    all_slow = dict.fromkeys(kinds, recorders.slow)
    one = VisitDesk(MemoryStore(), circumstances(), recorders=all_slow)
    with one:
        one.begin({"p1": kinds}, [camera(1)], progress)
        assert done.wait(5)
    assert told[0] == "slow"
    assert told[-1] == "also"
    assert recorders.most == 2


def test_what_is_kept_is_not_visited_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    recorders = Recorders()
    with RunStore.create(tmp_path / "run", {}) as store, desk(recorders, store) as one:  # type: ignore[arg-type]
        first = one.visit_all("slow", [camera(1)])
    with RunStore.open(tmp_path / "run") as store:
        with desk(recorders, store, allow_visits=False) as other:  # type: ignore[arg-type]
            second = other.visit_all("slow", [camera(1)])
            with pytest.raises(NotRecorded):
                other.visit_all("slow", [camera(1), camera(2)])
        assert second["p1"].digest == first["p1"].digest
    assert recorders.count == 1


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("problem", Reason("visit.refused", {})),
        ("malformed", Reason("visit.malformed", {"where": "answer", "detail": "bad bytes"})),
        ("endless", Reason("visit.timeout", {"seconds": 0.1, "waiting_for": "visit"})),
    ],
)
async def test_what_the_device_does_is_the_recordings_problem(kind: str, reason: Reason) -> None:
    started = time.monotonic()
    recording = await desk(Recorders()).visit(kind, camera(1))
    assert recording.problem == reason
    assert recording.facts.get("reached", 1) == 1
    assert time.monotonic() - started < 1


def test_what_the_harness_does_is_raised_after_the_others_are_done() -> None:
    with desk(Recorders()) as one, pytest.raises(VisitsBroken) as caught:
        one.visit_all("broken", [camera(number) for number in range(4)])
    assert set(caught.value.recordings) == {"p0", "p1", "p3"}
    assert isinstance(caught.value.faults["p2"], ZeroDivisionError)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


async def test_an_unknown_kind_is_our_own_mistake() -> None:
    with pytest.raises(KeyError):
        await desk(Recorders()).visit("nonsense", camera(1))


async def test_a_wrong_password_is_presented_once_in_the_whole_run() -> None:
    device = CountingDevice(status="401 Unauthorized")
    async with tcp_server(device) as port:
        target = onvif_target(port, "wrong")
        one = VisitDesk(MemoryStore(), circumstances())
        recordings: list[Recording] = []
        for kind in ("description", "snapshot", "stream:sub", "clock", "online", "white-light"):
            recordings.append(await one.visit(kind, target))
    assert device.presented == 1
    codes = [recording.problem.code if recording.problem else "" for recording in recordings]
    assert codes[0] == codes[1] == codes[2] == codes[5] == "visit.unauthorised"
    assert recordings[4].facts["polls"][0]["answers"]


async def test_a_password_that_only_the_streams_refuse(gstreamer: Start) -> None:
    port = streaming(gstreamer, "another")
    async with onvif_camera(rtsp_port=port) as (_, target):
        one = VisitDesk(MemoryStore(), circumstances())
        codes = {}
        for kind in ("stream:day", "stream:sub", "description"):
            recording = await one.visit(kind, target)
            codes[kind] = recording.problem and (
                recording.problem.code, recording.problem.parameters["where"],
            )  # fmt: skip
    assert codes == {
        "stream:day": ("visit.unauthorised", "DESCRIBE"),
        "stream:sub": ("visit.unauthorised", "earlier visit"),
        "description": None,
    }


def test_the_desk_lends_its_loop_and_closes_twice() -> None:
    one = desk(Recorders())

    async def name() -> str:
        return threading.current_thread().name

    assert one.run(name) == "visits"
    one.close()
    one.close()
