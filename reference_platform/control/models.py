"""Steering, presets and patrols, as the API speaks of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from reference_platform.fields import Bounded, NameField, NationalIdField, VersionField
from reference_platform.times import Moment

CommandName = Literal[
    "move",
    "zoom",
    "focus",
    "iris",
    "stop",
    "preset-goto",
    "preset-set",
    "preset-delete",
    "light",
    "wiper",
    "alarm-output",
]
Direction = Annotated[float, Field(ge=-1.0, le=1.0)]
PresetNumber = Annotated[int, Field(ge=1, le=255)]
MAXIMUM_STOPS = 64


class Command(Bounded):
    """What a camera is to do."""

    command: CommandName
    pan: Direction = Field(default=0.0, description="of move: -1 left to 1 right")
    tilt: Direction = Field(default=0.0, description="of move: -1 down to 1 up")
    zoom: Direction = Field(default=0.0, description="of move and zoom: -1 out to 1 in")
    focus: Direction = Field(default=0.0, description="of focus: -1 far to 1 near; 0 stops")
    iris: Direction = Field(default=0.0, description="of iris: -1 closes to 1 opens; 0 stops")
    speed: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=1.0, description="share of the full speed, on top of the direction"
    )
    preset: PresetNumber | None = Field(default=None, description="of preset-*")
    on: bool | None = Field(default=None, description="of light, wiper and alarm-output")


class ControlState(BaseModel):
    """Who holds a camera; nobody when ``holder`` is null."""

    holder: str | None
    level: int | None
    expires_at: Moment | None
    remaining_s: float


class NewPreset(Bounded):
    """The position in which the camera stands now."""

    number: PresetNumber
    name: NameField
    home: bool = Field(
        default=False, description="where the camera returns after a user of a low level"
    )


class Preset(BaseModel):
    """A position that the camera keeps."""

    number: int
    name: str
    home: bool


class Stop(Bounded):
    """One place of a patrol."""

    preset: PresetNumber
    dwell_s: Annotated[float, Field(ge=0.5, le=3600.0)] = 10.0


Stops = Annotated[list[Stop], Field(min_length=1, max_length=MAXIMUM_STOPS)]


class NewPatrol(Bounded):
    """A patrol group: presets in order, with dwell times."""

    name: NameField
    channel: NationalIdField
    stops: Stops


class PatrolChange(Bounded):
    """What is to be changed; a running patrol goes on with its new stops."""

    version: VersionField
    name: NameField | None = None
    stops: Stops | None = None


class Patrol(BaseModel):
    """A patrol group."""

    id: str
    name: str
    channel: str
    stops: list[Stop]
    running: bool
    version: int


class PatrolState(BaseModel):
    """How a patrol goes: ``state`` is waiting while somebody steers or the camera is away."""

    state: Literal["stopped", "running", "waiting"]
    stop: int | None = Field(description="number of the stop in the list, from 0")
    preset: int | None
    since: Moment | None = Field(description="when the camera was sent there")
    problem: str = Field(description="code of what is in the way, or nothing")
