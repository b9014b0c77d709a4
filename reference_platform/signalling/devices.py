"""The devices that register: where they are, and whether they are online (9.1, 9.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from protocols.gb28181.device import DeviceInfo
from protocols.sip.endpoint import Peer
from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.ports import PresenceReason

NEVER_EXPIRES = defect(
    "never-expires-heartbeats",
    "A device whose keepalives stop, or whose registration runs out, stays online.",
    "wvp-GB28181-pro#1417, #1868, #1083",
)
#: Keepalives missed in a row after which a device is offline (9.6.1).
KEEPALIVES_MISSED = 3


@dataclass
class Registered:
    """One device that has registered.

    Attributes:
        id: its 20 digits.
        peer: where it is now.
        expires_at, last_seen: on the monotonic clock.
        call_id: of its registration; a device that moved keeps it.
        charset: in which it is spoken to.
        edition_2022: whether it says so (X-GB-Ver 3.0).
        online: what was last told of it.
        used_nonce: that proved the last registration; good for one only.
        information: maker, model and firmware, once it has said.
    """

    id: str
    peer: Peer
    expires_at: float
    last_seen: float
    call_id: str = ""
    charset: str = "GB2312"
    edition_2022: bool = False
    online: bool = True
    used_nonce: str = field(default="", repr=False)
    information: DeviceInfo | None = None

    def renew(self, fresh: Registered) -> None:
        """The registration was refreshed: what was agreed with the device stands."""
        self.peer, self.call_id = fresh.peer, fresh.call_id
        self.expires_at, self.last_seen = fresh.expires_at, fresh.last_seen
        self.edition_2022, self.used_nonce = fresh.edition_2022, fresh.used_nonce

    @property
    def secure(self) -> bool:
        """Whether it is spoken to over TLS."""
        return self.peer.transport == "tls"


class Devices:
    """All of them.

    Args:
        time: the clock; only its monotonic side decides.
        keepalive_s: the interval that devices are expected to keep.
        changed: told of each device that came online or went offline, and why.
        has: whether a named behaviour is on.
    """

    def __init__(
        self,
        time: TimeSource,
        keepalive_s: float,
        changed: Callable[[Registered, bool, PresenceReason], None],
        has: Callable[[str], bool],
    ) -> None:
        self._time = time
        self._silence = keepalive_s * KEEPALIVES_MISSED
        self._changed = changed
        self._has = has
        self._known: dict[str, Registered] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Registered]:
        return iter(list(self._known.values()))

    def get(self, identifier: str) -> Registered | None:
        """The device if it has ever registered since the platform started."""
        return self._known.get(identifier)

    def online(self, identifier: str) -> Registered | None:
        """The device if it is online."""
        found = self._known.get(identifier)
        return found if found is not None and found.online else None

    def register(self, fresh: Registered) -> bool:
        """Take a registration; whether the device was not online before."""
        before = self._known.get(fresh.id)
        if before is not None and before.online:
            before.renew(fresh)
            return False
        if before is not None:
            fresh.charset, fresh.information = before.charset, before.information
        self._known[fresh.id] = fresh
        self._changed(fresh, True, "registered")
        return True

    def unregister(self, identifier: str) -> None:
        """The device said good-bye."""
        found = self._known.get(identifier)
        if found is not None and found.online:
            self._gone(found, "unregistered")

    def forget(self, identifier: str) -> None:
        """The device was deleted, or its password changed: it must register anew."""
        found = self._known.pop(identifier, None)
        if found is not None and found.online:
            self._gone(found, "unregistered")

    def seen(self, device: Registered) -> None:
        """Something came from it."""
        device.last_seen = self._time.monotonic()

    def alive(self, device: Registered) -> bool:
        """Whether it was heard of lately and its registration stands."""
        now = self._time.monotonic()
        return device.expires_at > now and now - device.last_seen < self._silence

    def sweep(self) -> list[Registered]:
        """Find those that fell silent or whose registration ran out; they are offline now."""
        if self._has(NEVER_EXPIRES):
            return []
        now = self._time.monotonic()
        gone: list[Registered] = []
        for device in self:
            if not device.online:
                continue
            if device.expires_at <= now:
                self._gone(device, "expired")
                gone.append(device)
            elif now - device.last_seen >= self._silence:
                self._gone(device, "silent")
                gone.append(device)
        return gone

    def _gone(self, device: Registered, why: PresenceReason) -> None:
        device.online = False
        self._changed(device, False, why)
