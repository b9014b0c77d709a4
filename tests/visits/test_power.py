"""The visit ``power`` against a rig that remembers, and our own ONVIF services."""

import asyncio
from dataclasses import replace

from assessment.reason import Reason
from assessment.recording import Recording
from probes.poe_supply import measure_poe_return, measure_poe_supply
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState
from targets.errors import VisitProblem
from targets.power_port import PortReading, PowerState
from tests.targets.servers import ADDRESS
from tests.visits.equipment import MemoryStore, circumstances, onvif_target
from visits.circumstances import Lengths
from visits.desk import VisitDesk

QUICK = Lengths(power_off=1.0, power_return=1.0, power_poll=0.02, visit=20.0)


class Port:
    """A port on which the camera hangs: without it the camera's services are closed."""

    def __init__(
        self,
        server: OnvifServer,
        *,
        boots: bool = True,
        fails: bool = False,
        strange: bool = False,
    ) -> None:
        self._server = server
        self._boots = boots
        self._fails = fails
        self._strange = strange
        self.on = True
        self.told: list[str] = []

    async def read(self, _point: str) -> PortReading:
        if self._fails and not self.on:
            raise VisitProblem("visit.rig-failed", wanted="read", detail="gone")
        shown = PortReading(True, self.on, 2 if self.on else None, 3.3 if self.on else 0.0)
        return replace(shown, macs=("02:00:00:00:00:99",)) if self._strange else shown

    async def feed(self, _point: str, state: PowerState) -> None:
        self.told.append(state)
        self.on = state == "on"
        if state == "off":
            await self._server.stop()
        elif self._boots:
            await self._server.start()


async def visited(
    intrusive: bool = True, rig: bool = True, **port: bool
) -> tuple[Recording, list[str]]:
    state = CameraState(ADDRESS, "p")
    state.ports = {"http": 0, "https": 0, "rtsp": 554, "rtsps": 322}
    server = OnvifServer(state)
    await server.start()
    at = Port(server, **port)
    given = circumstances(power=at if rig else None, lengths=QUICK, intrusive=intrusive)
    try:
        with VisitDesk(MemoryStore(), given) as desk:
            made = await desk.visit("power", onvif_target(state.ports["http"]))
    finally:
        await server.stop()
        await asyncio.sleep(0.01)
    return made, at.told


async def test_a_camera_comes_back_after_a_cut() -> None:
    made, told = await visited()
    assert made.problem is None
    assert told == ["off", "on"]
    assert [one["when"] for one in made.facts["readings"]] == ["before", "off", "after"]
    assert [one["answers"] for one in made.facts["readings"]] == [True, False, True]
    assert measure_poe_supply(made).value == "powered"
    assert measure_poe_return(made).value == "returns"


async def test_one_that_stays_away_is_seen() -> None:
    made, told = await visited(boots=False)
    assert told == ["off", "on"]
    assert measure_poe_return(made).value == "does-not-return"


async def test_the_supply_is_given_back_when_the_rig_fails_in_the_middle() -> None:
    made, told = await visited(fails=True)
    assert told == ["off", "on"]
    assert made.problem is not None
    assert made.problem.code == "visit.rig-failed"


async def test_the_supply_of_another_device_is_never_cut() -> None:
    made, told = await visited(strange=True)
    assert told == []
    assert measure_poe_supply(made).spoilt is not None
    assert measure_poe_return(made).spoilt == Reason("poe-return.other-device")


async def test_without_leave_the_port_is_only_read() -> None:
    made, told = await visited(intrusive=False)
    assert told == []
    assert measure_poe_supply(made).value == "powered"
    assert measure_poe_return(made).spoilt is not None


async def test_without_a_rig_nothing_is_asked() -> None:
    made, _ = await visited(rig=False)
    assert made.problem is not None
    assert made.problem.code == "visit.no-power-rig"
