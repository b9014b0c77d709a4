"""Organisations, devices, channels and what belongs to them, as the API speaks of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from reference_platform.fields import (
    Bounded,
    NameField,
    NationalIdField,
    OwnIdField,
    PhoneField,
    RegionField,
    SecretField,
    TextField,
    VersionField,
)
from reference_platform.times import Moment

Protocol = Literal["gb28181", "onvif", "rtsp"]
Scene = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,32}$")]
AddressField = Annotated[
    str, StringConstraints(max_length=255, pattern=r"^[A-Za-z0-9._:/?&=%\[\]~+-]*$")
]
UserField = Annotated[str, StringConstraints(max_length=64, pattern=r"^[!-~]*$")]
Days = Annotated[int, Field(ge=1, le=3650)]
Mode = Literal["docking", "pc", "mobile"]


class NewOrganisation(Bounded):
    """A node to be added to the tree."""

    name: NameField
    parent: OwnIdField = Field(default="root", description="id of the node above")
    region: RegionField = Field(default="", description="administrative region, GB/T 2260")


class OrganisationChange(Bounded):
    """What is to be changed; ``parent`` moves the node with all below."""

    version: VersionField
    name: NameField | None = None
    parent: OwnIdField | None = None
    region: RegionField | None = None


class Organisation(BaseModel):
    """A node of the tree."""

    id: str
    parent: str | None
    name: str
    region: str
    version: int


class Region(BaseModel):
    """An administrative region in use."""

    code: str
    name: str


class SceneType(BaseModel):
    """A kind of place that a camera looks at (4.3.2)."""

    code: str
    name: str


class NewDevice(Bounded):
    """A device that may be connected."""

    id: NationalIdField
    name: NameField
    organisation: OwnIdField = "root"
    protocol: Protocol = "gb28181"
    address: AddressField = Field(
        default="", description="host:port of ONVIF, or an rtsp:// address; not for GB/T 28181"
    )
    user: UserField = ""
    password: SecretField = Field(default="", description="never answered")
    scene: Scene = ""


class DeviceChange(Bounded):
    """What is to be changed of a device."""

    version: VersionField
    name: NameField | None = None
    organisation: OwnIdField | None = Field(
        default=None, description="takes along the channels that stood where the device stood"
    )
    address: AddressField | None = None
    user: UserField | None = None
    password: SecretField | None = None
    scene: Scene | None = None


class Device(BaseModel):
    """A camera or recorder."""

    id: str
    name: str
    organisation: str
    protocol: Protocol
    address: str
    user: str
    has_password: bool
    scene: str
    online: bool
    status_since: Moment | None
    channels: int
    version: int


class DeviceEvent(BaseModel):
    """The device went online or offline; kept for ever."""

    at: Moment
    online: bool
    why: str


class NewChannel(Bounded):
    """A source of pictures of a device; those of GB/T 28181 devices come by their catalogue."""

    id: NationalIdField
    device: NationalIdField
    name: NameField
    organisation: OwnIdField | None = Field(default=None, description="null: the device's")
    scene: Scene = ""
    ptz_type: int = Field(default=0, ge=0, le=9, description="GB/T 28181-2016, annex A: PTZType")
    recording: bool | None = Field(default=None, description="null: the platform's default")
    retention_days: Days | None = None


class ChannelChange(Bounded):
    """What is to be changed of a channel."""

    version: VersionField
    name: NameField | None = None
    organisation: OwnIdField | None = None
    scene: Scene | None = None
    ptz_type: int | None = Field(default=None, ge=0, le=9)
    recording: bool | None = None
    retention_days: Days | None = None


class Channel(BaseModel):
    """One source of pictures."""

    id: str
    device: str
    name: str
    organisation: str
    region: str
    scene: str
    online: bool
    status_since: Moment | None
    ptz_type: int
    recording: bool
    retention_days: int
    longitude: float | None
    latitude: float | None
    operations: list[str] = Field(description="what the asking user may do with it")
    version: int


class NewCustomer(Bounded):
    """Somebody to be served."""

    name: NameField
    organisation: OwnIdField = "root"
    region: RegionField = ""
    contact: TextField = ""
    phone: PhoneField = ""


class CustomerChange(Bounded):
    """What is to be changed of a customer."""

    version: VersionField
    name: NameField | None = None
    organisation: OwnIdField | None = None
    region: RegionField | None = None
    contact: TextField | None = None
    phone: PhoneField | None = None


class Customer(BaseModel):
    """Somebody who is served."""

    id: str
    name: str
    organisation: str
    region: str
    contact: str
    phone: str
    version: int


Channels = Annotated[list[NationalIdField], Field(max_length=5000)]
Modes = Annotated[list[Mode], Field(max_length=3)]
Viewers = Annotated[int, Field(ge=1, le=100_000)]


class NewService(Bounded):
    """A contract to be kept."""

    customer: OwnIdField
    modes: Modes = Field(default_factory=list)
    channels: Channels = Field(default_factory=list)
    concurrent_viewers: Viewers = 1
    retention_days: Days = 30
    valid_until: Moment | None = None


class ServiceChange(Bounded):
    """What is to be changed of a contract."""

    version: VersionField
    modes: Modes | None = None
    channels: Channels | None = None
    concurrent_viewers: Viewers | None = None
    retention_days: Days | None = None
    valid_until: Moment | None = None


class Service(BaseModel):
    """A contract: what a customer is served."""

    id: str
    customer: str
    modes: list[Mode]
    channels: list[str]
    concurrent_viewers: int
    retention_days: int
    valid_until: Moment | None
    version: int


Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$")]


class Network(BaseModel):
    """How the platform stands in the network."""

    upstream_ntp: list[str] = Field(
        default_factory=list, description="time servers that the platform follows"
    )
    sip_domain: str = Field(default="", description="in force; answered only")
    server_id: str = Field(default="", description="in force; answered only")
    version: int = 1


class NetworkChange(Bounded):
    """What is to be changed."""

    version: VersionField
    upstream_ntp: Annotated[list[Host], Field(max_length=8)] | None = None


class Alarm(BaseModel):
    """Something that an operator should look at."""

    id: str
    at: Moment
    kind: str
    message: str
    organisation: str
    device: str
    channel: str
    details: dict[str, Any]
    acknowledged_at: Moment | None
    acknowledged_by: str | None
