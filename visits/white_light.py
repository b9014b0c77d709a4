"""The visit ``white-light``: the camera's lamp commanded off, on and off by night, and seen."""

from __future__ import annotations

from typing import Any

from protocols.xml_reading import words
from targets import onvif_reading as reading
from targets.onvif_client import OnvifFault
from targets.onvif_reading import Facts
from visits.circumstances import Visit
from visits.stream import main_of
from visits.stream_source import seconds_with_a_key_picture, take_profile
from visits.waiting import wait

#: ONVIF names auxiliary commands ``tt:<device>|<state>`` (ONVIF Core 8.6).
_LAMP = "tt:WhiteLight"


class _Lamp:
    """The lamp by ONVIF auxiliary commands, of the PTZ node or of the device."""

    def __init__(self, visit: Visit, profile: Facts | None, node: bool, offered: list[str]) -> None:
        self._visit = visit
        self._profile = profile
        self._node = node
        self.offered = offered

    async def command(self, state: str) -> dict[str, Any]:
        """Command ``On``, ``Off`` or ``Auto`` and note what was answered."""
        client = self._visit.client
        try:
            if self._node and self._profile is not None:
                answer = await client.call(
                    "ptz",
                    "SendAuxiliaryCommand",
                    ProfileToken=self._profile["token"],
                    AuxiliaryData=f"{_LAMP}|{state}",
                )
            else:
                answer = await client.call(
                    "devicemgmt", "SendAuxiliaryCommand", AuxiliaryCommand=f"{_LAMP}|{state}"
                )
        except OnvifFault as fault:
            return {"state": state.lower(), "accepted": False, "detail": str(fault)}
        detail = words(answer, "AuxiliaryResponse") or words(answer, "AuxiliaryCommandResponse")
        return {"state": state.lower(), "accepted": True, "detail": detail or ""}


async def record_white_light(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    A lamp that takes no command is no problem of the visit: the answers say so, and what the
    camera shows by night is recorded all the same.

    Raises:
        VisitProblem: it is not night, or nothing was received.
    """
    visit.needs_onvif()
    await visit.note_reference()
    await visit.need_light("night")
    profile = await main_of(visit)
    lamp = await _find_lamp(visit, profile)
    visit.facts["command"] = "auxiliary" if lamp.offered else "none"
    visit.facts["offered"] = lamp.offered
    visit.facts["answers"] = answers = []
    visit.facts["restored"] = False
    try:
        for part, state in (("before", "Off"), ("on", "On"), ("off", "Off")):
            answers.append(await lamp.command(state))
            await wait(visit.lengths.lamp_settles)
            seconds = seconds_with_a_key_picture(profile, visit.lengths.lamp)
            await take_profile(visit, profile, seconds, part=f"{part}.pcap")
    finally:
        visit.facts["restored"] = await _restore(lamp)


async def _restore(lamp: _Lamp) -> bool:
    """Leave the lamp to the camera's own judgement, as a camera is delivered, else off."""
    automatic = any(one.lower() == f"{_LAMP}|auto".lower() for one in lamp.offered)
    answer = await lamp.command("Auto" if automatic else "Off")
    return bool(answer["accepted"])


async def _find_lamp(visit: Visit, profile: Facts | None) -> _Lamp:
    """Where the white lamp is offered; the device service is asked anyhow when nowhere."""
    client = visit.client
    await client.connect()
    for node in reading.ptz_nodes(await client.optional("ptz", "GetNodes")):
        if offered := _white(node["auxiliary"]):
            return _Lamp(visit, profile, True, offered)
    capabilities = await client.optional("devicemgmt", "GetCapabilities", Category=["All"])
    own = await client.optional("devicemgmt", "GetServiceCapabilities")
    offered = _white(reading.auxiliary_commands(capabilities) + reading.auxiliary_commands(own))
    return _Lamp(visit, profile, False, offered)


def _white(commands: list[str]) -> list[str]:
    return sorted({one for one in commands if one.lower().startswith(_LAMP.lower())})
