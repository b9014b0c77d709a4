"""The catalog: the device, its channels and what hangs on it (clause 9.5, annex A.2.1, O)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulators.behaviours import defect
from simulators.camera.gb28181 import quirks
from simulators.camera.gb28181.markup import Element, e
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.onvif.device_memory import NO_ALARM_OUTPUT, NO_PTZ
from simulators.camera.onvif.event_queue import NO_ALARM_INPUT
from simulators.camera.state import CameraState

FORM_CONTRADICTED = defect(
    "ptztype-contradicts-ability",
    "The catalog says fixed bullet camera; the camera pans and tilts.",
)
MISSING_FIELD = defect(
    "missing-mandatory-field",
    "Catalog items have no CivilCode and no Address, DeviceInfo no Result.",
)

_MANDATORY_LOST = ("CivilCode", "Address")


@dataclass(frozen=True)
class Entry:
    """One item of the catalog: its ID and the element that tells of it.

    Attributes:
        online: whether it can be watched.
        event: what a notification of its state says.
    """

    device: str
    element: Element
    online: bool = True
    event: str = "ON"


def entries(state: CameraState, settings: GbSettings, own_id: str) -> list[Entry]:
    """The whole catalog of the device, the device itself first."""
    base = _Base(state, settings, own_id)
    kind = "录像机" if settings.recorder else "摄像机"
    found = [base.entry(own_id, f"{state.identity.name} {kind}", parental=True)]
    for number, channel in enumerate(settings.channel_ids(), start=1):
        name = settings.channel_name(state.identity.name, number)
        found.append(base.entry(channel, name, information=True))
    if not state.has(NO_ALARM_INPUT):
        found.append(base.entry(settings.alarm_input_id, "报警输入 1"))
    if not state.has(NO_ALARM_OUTPUT):
        found.append(base.entry(settings.alarm_output_id, "报警输出 1"))
    found.append(base.entry(settings.microphone_id, "拾音器 1"))
    found.append(base.entry(settings.speaker_id, "扩声器 1"))
    return found


def selected(found: Sequence[Entry], device: str, own_id: str) -> list[Entry]:
    """What a query for ``device`` returns: everything for the device itself, else its item."""
    if device == own_id or device == own_id[:10] or (device and own_id.startswith(device)):
        return list(found)
    return [entry for entry in found if entry.device == device]


def ptz_type(state: CameraState) -> int:
    """The form told: 1 dome, 3 fixed bullet."""
    return 3 if state.has(FORM_CONTRADICTED) or state.has(NO_PTZ) else 1


class _Base:
    def __init__(self, state: CameraState, settings: GbSettings, own_id: str) -> None:
        self._state = state
        self._settings = settings
        self._own_id = own_id

    def entry(
        self, device: str, name: str, *, parental: bool = False, information: bool = False
    ) -> Entry:
        """One item with every field that is mandatory for a device."""
        state, settings = self._state, self._settings
        old = settings.edition == "2016"
        fields = [
            e("DeviceID", device),
            e("Name", name),
            e("Manufacturer", state.identity.manufacturer),
            e("Model", state.identity.model),
            *([e("Owner", "Owner")] if old else []),
            e("CivilCode", self._own_id[:6]),
            e("Address", "西安市碑林区南门 1 号"),
            e("Parental", 1 if parental else 0),
            e("ParentID", self._parent(parental)),
            e("RegisterWay", 1),
            *([] if old else [e("SecurityLevelCode", "A")]),
            e("Secrecy", 0),
            *(self._network() if parental else []),
            e("Status", "ON"),
            e("Longitude", "108.940174"),
            e("Latitude", "34.341568"),
        ]
        if information:
            fields.append(e("Info", self._information()))
        if state.has(MISSING_FIELD):
            fields = [one for one in fields if one.name not in _MANDATORY_LOST]
        return Entry(device, e("Item", fields))

    def _network(self) -> list[Element]:
        """Where the device is; its parts have no address of their own."""
        port = self._settings.local_port or 5060
        return [e("IPAddress", self._state.address), e("Port", port)]

    def _parent(self, parental: bool) -> str:
        if self._state.has(quirks.COUNTS_ITSELF):
            return self._settings.domain
        return self._settings.server_id if parental else self._own_id

    def _information(self) -> list[Element]:
        told = [e("PTZType", ptz_type(self._state))]
        if self._settings.edition == "2016":
            told += [e("PositionType", 2), e("RoomType", 1), e("UseType", 1)]
            return [*told, e("SupplyLightType", 3), e("DirectionType", 1)]
        return [*told, e("SupplyLightType", 3), e("StreamNumberList", "0/1")]
