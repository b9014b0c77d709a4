"""Everything that can be allowed to somebody, and its level (4.3.3.6-c; R-016: three kinds)."""

from __future__ import annotations

from enum import StrEnum

from reference_platform.behaviours import defect

TWO_LEVELS_ONLY = defect(
    "two-levels-only", "Rights have two levels: functions of the system count as data access."
)


class Level(StrEnum):
    """The three levels of rights; none contains another."""

    MANAGEMENT = "system-management"
    FUNCTION = "system-function"
    DATA = "data-access"


class Operation(StrEnum):
    """One thing that a role may allow."""

    LIVE = "live"
    PLAYBACK = "playback"
    DOWNLOAD = "download"
    DEVICE_RECORDINGS = "device-recordings"

    CONTROL = "control"
    PRESET = "preset"
    PATROL = "patrol"
    RECORD = "record"

    ORGANISATIONS = "organisations"
    DEVICES = "devices"
    USERS = "users"
    ROLES = "roles"
    CUSTOMERS = "customers"
    SERVICES = "services"
    NETWORK = "network"
    SECURITY = "security"
    AUDIT = "audit"
    DOWNLOAD_HISTORY = "download-history"
    WATERMARKS = "watermarks"
    UPPER_PLATFORMS = "upper-platforms"
    ALARMS = "alarms"

    @property
    def level(self) -> Level:
        """The level that a role must have to allow this."""
        return _LEVELS[self]

    @property
    def per_camera(self) -> bool:
        """Whether the right is given camera by camera."""
        return self.level is not Level.MANAGEMENT


_DATA = (Operation.LIVE, Operation.PLAYBACK, Operation.DOWNLOAD, Operation.DEVICE_RECORDINGS)
_FUNCTION = (Operation.CONTROL, Operation.PRESET, Operation.PATROL, Operation.RECORD)
_LEVELS = dict.fromkeys(Operation, Level.MANAGEMENT)
_LEVELS |= dict.fromkeys(_DATA, Level.DATA) | dict.fromkeys(_FUNCTION, Level.FUNCTION)

PLATFORM_WIDE = frozenset(
    {Operation.ROLES, Operation.NETWORK, Operation.SECURITY, Operation.UPPER_PLATFORMS}
)
"""Management that concerns all organisations: only for those whose account stands at the root."""


def level_of(operation: Operation, behaviours: frozenset[str]) -> Level:
    """The level of ``operation`` as this platform sees it."""
    if TWO_LEVELS_ONLY in behaviours and operation.level is Level.FUNCTION:
        return Level.DATA
    return operation.level
