"""Accounts, roles and log-ins as the API speaks of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from reference_platform.fields import (
    Bounded,
    NameField,
    NationalIdField,
    OwnIdField,
    PhoneField,
    SecretField,
    TextField,
    VersionField,
)
from reference_platform.people.operations import Level, Operation
from reference_platform.times import Moment

LoginName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,31}$")]
PtzLevel = Annotated[int, Field(ge=0, le=10)]
State = Literal["active", "suspended"]
Operations = Annotated[list[Operation], Field(max_length=64)]


class CameraGrant(Bounded):
    """One channel, or all of an organisation and below; exactly one of the two."""

    channel: NationalIdField | None = None
    organisation: OwnIdField | None = None
    operations: Operations | None = Field(
        default=None, description="of those the roles allow; null: all of them"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> CameraGrant:
        if (self.channel is None) == (self.organisation is None):
            raise ValueError("either channel or organisation")
        return self


RoleIds = Annotated[list[OwnIdField], Field(max_length=32)]
Cameras = Annotated[list[CameraGrant], Field(max_length=5000)]


class NewUser(Bounded):
    """An account to be made."""

    name: LoginName
    password: SecretField
    display_name: TextField = ""
    organisation: OwnIdField = "root"
    phone: PhoneField = ""
    ptz_level: PtzLevel = Field(default=1, description="1..10, 10 the highest; 0: no control")
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    state: State = "active"
    roles: RoleIds = Field(default_factory=list)
    cameras: Cameras = Field(default_factory=list)
    must_change_password: bool = True


class UserChange(Bounded):
    """What is to be changed of an account; what is not named stays."""

    version: VersionField
    password: SecretField | None = Field(default=None, description="ends all sessions")
    display_name: TextField | None = None
    organisation: OwnIdField | None = None
    phone: PhoneField | None = None
    ptz_level: PtzLevel | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    state: State | None = None
    roles: RoleIds | None = None
    cameras: Cameras | None = None
    must_change_password: bool | None = None


class User(BaseModel):
    """An account."""

    id: str
    name: str
    display_name: str
    organisation: str
    phone: str
    ptz_level: int
    valid_from: Moment | None
    valid_until: Moment | None
    state: State
    roles: list[str]
    cameras: list[CameraGrant]
    must_change_password: bool
    last_login: Moment | None
    version: int


class NewRole(Bounded):
    """A role to be made; its operations must be of its level."""

    name: NameField
    level: Level
    operations: Operations = Field(default_factory=list)


class RoleChange(Bounded):
    """What is to be changed of a role. Its level stays."""

    version: VersionField
    name: NameField | None = None
    operations: Operations | None = None


class Role(BaseModel):
    """A named set of operations of one level."""

    id: str
    name: str
    level: Level
    operations: list[Operation]
    version: int


class OperationView(BaseModel):
    """One operation, its level, and whether it is given camera by camera."""

    name: Operation
    level: Level
    per_camera: bool


class Login(Bounded):
    """What somebody types to log in."""

    user: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Me(BaseModel):
    """The one who asks."""

    id: str
    name: str
    display_name: str
    organisation: str
    ptz_level: int
    must_change_password: bool
    operations: list[Operation] = Field(description="what the roles allow somewhere")


class LoggedIn(BaseModel):
    """A session has begun. The token is also set as cookie ``session``."""

    token: str
    expires_at: Moment
    must_change_password: bool
    user: Me


class PasswordChange(Bounded):
    """One's own password."""

    old: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    new: SecretField
