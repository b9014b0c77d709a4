"""Upper platforms, as the API speaks of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from reference_platform.fields import (
    Bounded,
    NameField,
    NationalIdField,
    OwnIdField,
    SecretField,
    VersionField,
)
from reference_platform.times import Moment

Transport = Literal["udp", "tcp", "tls"]
LinkState = Literal["off", "connecting", "online", "refused", "unreachable"]
HostField = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,253}$")]
DomainField = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{0,64}$")]
PortField = Annotated[int, Field(ge=1, le=65535)]
LevelField = Annotated[
    int, Field(ge=0, le=10, description="at which it steers cameras; 0: not at all")
]
AuthorityField = Annotated[
    str,
    StringConstraints(max_length=20_000),
    Field(description="PEM of the authority of its certificate; of TLS; nothing: the system's"),
]
Organisations = Annotated[list[OwnIdField], Field(max_length=1000)]
Channels = Annotated[list[NationalIdField], Field(max_length=10_000)]


class NewUpperPlatform(Bounded):
    """Where to register, as whom, and what is shared: nothing unless it is named."""

    name: NameField
    address: HostField
    port: PortField = 5061
    transport: Transport = "tls"
    server_id: NationalIdField = Field(description="id of the upper platform")
    domain: DomainField = Field(default="", description="its SIP domain; nothing: its first digits")
    device_id: NationalIdField = Field(description="id under which this platform registers")
    password: SecretField = Field(default="", description="never answered")
    authority: AuthorityField = ""
    organisations: Organisations = Field(default=[], description="shared with all below")
    channels: Channels = Field(default=[], description="shared one by one")
    ptz_level: LevelField = 0
    enabled: bool = True


class UpperPlatformChange(Bounded):
    """What is to be changed; the registration begins anew."""

    version: VersionField
    name: NameField | None = None
    address: HostField | None = None
    port: PortField | None = None
    transport: Transport | None = None
    server_id: NationalIdField | None = None
    domain: DomainField | None = None
    device_id: NationalIdField | None = None
    password: SecretField | None = None
    authority: AuthorityField | None = None
    organisations: Organisations | None = None
    channels: Channels | None = None
    ptz_level: LevelField | None = None
    enabled: bool | None = None


class UpperPlatform(BaseModel):
    """An upper platform and how the link to it is. ``protected``: signalling and media are."""

    id: str
    name: str
    address: str
    port: int
    transport: Transport
    server_id: str
    domain: str
    device_id: str
    has_password: bool
    authority: str
    organisations: list[str]
    channels: list[str]
    ptz_level: int
    enabled: bool
    protected: bool
    state: LinkState
    state_since: Moment | None
    problem: str
    streams: int
    version: int
