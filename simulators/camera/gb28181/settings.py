"""How a simulated camera is set up for GB/T 28181: the plan's mapping, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from simulators.behaviours import variant
from simulators.camera.state import CameraState

TransportName = Literal["udp", "tcp", "tls"]

OVER_TCP = variant("gb-tcp", "SIP goes over a TCP connection that the device opens and keeps.")
OVER_TLS = variant("gb-tls", "SIP goes over TLS; the device checks the platform's certificate.")
EDITION_2022 = variant(
    "gb-2022", "The device follows GB/T 28181-2022: X-GB-Ver 3.0, GB 18030, new catalog fields."
)
GB18030 = variant("gb-gb18030", "XML is declared and sent in GB 18030.")
UTF8 = variant("gb-utf8", "XML is declared and sent in UTF-8.")
USER_NAME = variant("gb-realm-user", "The user name of the digest is not the device's ID.")
RECORDER_64 = variant(
    "gb-nvr-64", "The device is a recorder with 64 channels; its catalog comes in pages."
)

MOST_CHANNELS = 1024


@dataclass(frozen=True)
class GbSettings:
    """What an installer has typed into the device's GB/T 28181 page.

    Attributes:
        server_address, server_port, server_id, domain: the SIP server.
        device_id: the device's own 20-digit ID.
        password: of the digest; made for the run.
        transport: of SIP: ``udp``, ``tcp`` or ``tls``.
        edition: ``2016`` or ``2022``.
        charset: of XML: ``GB2312``, ``UTF-8`` or ``GB18030``.
        register_expires_s: asked for in REGISTER; a shorter one granted is honoured.
        keepalive_s, retry_s: seconds between keepalives; before the next try after a refusal.
        channels: video channels; with more than one the device is a recorder.
        names: of the video channels, for as many as the installer has named.
        ca_file: PEM file of the authority that the platform's certificate must chain to.
        realm_user: user name of the digest when it is not the device's ID.
        srtp: whether SRTP (SDES) is accepted when SIP goes over TLS and it is offered.
        local_port: of the device's SIP; 0 for any.
    """

    server_address: str
    server_id: str
    device_id: str
    password: str = field(default="", repr=False)
    server_port: int = 5060
    domain: str = ""
    transport: TransportName = "udp"
    edition: Literal["2016", "2022"] = "2016"
    charset: str = "GB2312"
    register_expires_s: float = 3600
    keepalive_s: float = 60.0
    retry_s: float = 60.0
    channels: int = 1
    names: Sequence[str] = ()
    ca_file: str = ""
    realm_user: str = ""
    srtp: bool = True
    local_port: int = 5060

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any], point: str) -> GbSettings:
        """The settings that a site plan describes; ``device_id`` is the point's when left out.

        Raises:
            ValueError: an unknown key, or a value out of bounds.
        """
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(plan) - known):
            raise ValueError(f"GB/T 28181 settings: unknown {', '.join(unknown)}")
        if missing := sorted({"server_address", "server_id"} - set(plan)):
            raise ValueError(f"GB/T 28181 settings: missing {', '.join(missing)}")
        settings = cls(**{"device_id": point, **plan})
        if settings.transport not in get_args(TransportName):
            raise ValueError("GB/T 28181 settings: transport is udp, tcp or tls")
        if not 1 <= settings.channels <= MOST_CHANNELS:
            raise ValueError(f"GB/T 28181 settings: 1 to {MOST_CHANNELS} channels")
        return settings if settings.domain else replace(settings, domain=settings.server_id[:10])

    def with_behaviours(self, state: CameraState) -> GbSettings:
        """These settings as the switched-on variants change them."""
        changed = self
        if state.has(OVER_TCP):
            changed = replace(changed, transport="tcp")
        if state.has(OVER_TLS):
            changed = replace(changed, transport="tls")
        if state.has(EDITION_2022):
            changed = replace(changed, edition="2022", charset="GB18030")
        if state.has(GB18030):
            changed = replace(changed, charset="GB18030")
        if state.has(UTF8):
            changed = replace(changed, charset="UTF-8")
        if state.has(USER_NAME) and not changed.realm_user:
            changed = replace(changed, realm_user=f"ipc{self.device_id[-6:]}")
        if state.has(RECORDER_64):
            changed = replace(changed, channels=64)
        return changed

    @property
    def user(self) -> str:
        """The user name of the digest."""
        return self.realm_user or self.device_id

    @property
    def recorder(self) -> bool:
        """Whether the device is a recorder of several channels."""
        return self.channels > 1

    def channel_ids(self) -> tuple[str, ...]:
        """The IDs of the video channels; a camera's own channel has an ID of its own."""
        return tuple(self._id("131", number) for number in range(1, self.channels + 1))

    def channel_name(self, device: str, number: int) -> str:
        """The name of video channel ``number`` (from 1) of the device with the name ``device``."""
        return self.names[number - 1] if number <= len(self.names) else f"{device} 通道 {number}"

    @property
    def alarm_input_id(self) -> str:
        """ID of the alarm input (type 134)."""
        return self._id("134", 1)

    @property
    def alarm_output_id(self) -> str:
        """ID of the alarm output (type 135)."""
        return self._id("135", 1)

    @property
    def microphone_id(self) -> str:
        """ID of the audio input (type 136)."""
        return self._id("136", 1)

    @property
    def speaker_id(self) -> str:
        """ID of the audio output (type 137)."""
        return self._id("137", 1)

    def _id(self, kind: str, number: int) -> str:
        """An ID of a part: region and industry of the device, its serial number, and ``number``.

        The serial's last four digits count the parts, the two before tell devices apart.
        """
        own = self.device_id.ljust(20, "0")[:20]
        serial = (int(own[14:20]) if own[14:20].isdecimal() else 1) * 1100 + number
        return f"{own[:10]}{kind}{own[13]}{serial % 1_000_000:06d}"
