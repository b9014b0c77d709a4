"""What decisions rest on: who asks, and what the accounts, organisations and cameras are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from reference_platform.people.operations import Level, Operation


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user in one session.

    Attributes:
        user_id: of the account.
        name: log-in name.
        display_name: as shown to people.
        session: identifies the session; not its token, safe to store.
        address: IP address that the call came from.
        organisation: where the account stood when the session was looked up.
    """

    user_id: str
    name: str
    display_name: str
    session: str
    address: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a channel stands."""

    device: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Cameras that a user reaches; ``operations``: ``None`` for all that the roles allow."""

    channel: str | None
    organisation: str | None
    operations: frozenset[Operation] | None


class Reach(NamedTuple):
    """Cameras of one operation: channels, and organisations with all below."""

    channels: frozenset[str]
    organisations: frozenset[str]


@dataclass(frozen=True)
class UserRights:
    """All of one account that decides."""

    id: str
    name: str
    display_name: str
    organisation: str
    ptz_level: int
    active: bool
    valid_from: float | None
    valid_until: float | None
    must_change_password: bool
    levels: frozenset[Level]
    operations: frozenset[Operation]
    grants: tuple[Grant, ...]

    @cached_property
    def reach(self) -> Mapping[Operation, Reach]:
        """What the grants hold, operation by operation."""
        found = {}
        for operation in Operation:
            held = [
                grant
                for grant in self.grants
                if grant.operations is None or operation in grant.operations
            ]
            found[operation] = Reach(
                frozenset(each.channel for each in held if each.channel is not None),
                frozenset(each.organisation for each in held if each.organisation is not None),
            )
        return found


@dataclass(frozen=True)
class Rights:
    """What the decision rests on.

    Attributes:
        users: by id.
        parents: of each organisation, ``None`` of the root.
        places: of each channel.
    """

    users: Mapping[str, UserRights] = field(default_factory=dict)
    parents: Mapping[str, str | None] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    _lines: dict[str | None, frozenset[str]] = field(default_factory=dict)
    _of_device: dict[str, list[str]] = field(default_factory=dict)

    def line(self, organisation: str | None) -> frozenset[str]:
        """``organisation`` and all above it."""
        if (known := self._lines.get(organisation)) is not None:
            return known
        found: set[str] = set()
        current = organisation
        while current is not None and current not in found:
            found.add(current)
            current = self.parents.get(current)
        self._lines[organisation] = line = frozenset(found)
        return line

    def channels_of(self, device: str) -> list[str]:
        """The channels of a device."""
        if not self._of_device:
            for channel, place in self.places.items():
                self._of_device.setdefault(place.device, []).append(channel)
        return self._of_device.get(device, [])

    def put(self, channel: str, place: Place | None) -> None:
        """A channel came, moved or went (``None``)."""
        self._of_device.clear()
        if place is None:
            self.places.pop(channel, None)
        else:
            self.places[channel] = place

    def within(self, organisation: str | None, top: str) -> bool:
        """Whether ``organisation`` is ``top`` or below it."""
        return top in self.line(organisation)
