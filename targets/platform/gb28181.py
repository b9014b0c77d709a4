"""What shows of a platform that registers with the harness as its upper platform."""

from __future__ import annotations

from typing import ClassVar

from targets.credentials import Secret
from targets.gb28181 import RegisteredDevice
from targets.platform.port import Kind, Outcome, PlatformPort, Session

#: How long a platform that registers is waited for, and one answer of its catalogue.
_COME_SECONDS, _ANSWER_SECONDS = 120.0, 10.0


class Gb28181Port(PlatformPort):
    """See the module: its catalogue here; its media by ``visits.gb28181``, as any device's.

    Raises from every operation:
        VisitProblem: the platform does not register, or does not answer.
    """

    adapter: ClassVar[str] = "gb28181"

    def __init__(self, device: RegisteredDevice) -> None:
        self.device = device

    async def log_in(self, user: str, password: Secret) -> tuple[Session | None, Outcome]:
        """Nobody logs in: the platform registers."""
        del password
        await self.device.registered(_COME_SECONDS)
        return Session(user, Secret("")), Outcome("done")

    async def list(self, session: Session, kind: Kind, **query: str) -> Outcome:
        """The channels that its catalogue names; nothing else shows."""
        if kind != "channels":
            return await super().list(session, kind, **query)
        await self.device.query("Catalog", seconds=_ANSWER_SECONDS)
        items = [
            {"id": identifier, "ptz_type": ptz_type}
            for identifier, ptz_type in self.device.channels.items()
        ]
        return Outcome("done", fields={"items": items})
