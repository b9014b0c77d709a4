"""What contracts agree for an organisation's users: how many watch at once, and by what way."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from protocols.time_source import TimeSource
from reference_platform.errors import Denied
from reference_platform.inventory.models import Mode
from reference_platform.people.access import Access, Principal
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import CustomerRow, ServiceRow


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the contracts of one organisation in force come to together.

    Attributes:
        organisation: whose customers have them.
        viewers: of its users who may watch at once.
        modes: the ways of service; a contract that names none agrees to all.
    """

    organisation: str
    viewers: int
    modes: frozenset[str]


class Contracts:
    """Read anew for each question: a contract holds from the moment it is entered."""

    def __init__(self, database: Database, access: Access, time_source: TimeSource) -> None:
        self._database = database
        self._access = access
        self._time = time_source

    async def promised(self) -> int | None:
        """How many viewers at once all contracts in force promise together."""
        query = select(func.sum(ServiceRow.concurrent_viewers)).where(self._in_force())
        return await self._database.read(lambda session: session.scalar(query))

    async def of(self, principal: Principal) -> Agreement | None:
        """What is agreed for a user: by the own organisation, or the nearest above that has any.

        The root is the operator: contracts with customers there bind no users.
        """
        parents = self._access.rights.parents
        current: str | None = principal.organisation
        above = []
        while current is not None and parents.get(current) is not None:
            above.append(current)
            current = parents.get(current)
        if not above:
            return None
        query = (
            select(CustomerRow.organisation_id, ServiceRow.concurrent_viewers, ServiceRow.modes)
            .join(CustomerRow, CustomerRow.id == ServiceRow.customer_id)
            .where(CustomerRow.organisation_id.in_(above), self._in_force())
        )
        rows = await self._database.read(lambda session: session.execute(query).all())
        for organisation in above:
            own = [(viewers, modes) for place, viewers, modes in rows if place == organisation]
            if own:
                every = frozenset[str](("docking", "pc", "mobile"))
                modes = frozenset[str]().union(*(one or every for _, one in own))
                return Agreement(organisation, sum(viewers for viewers, _ in own), modes)
        return None

    async def require_mode(self, principal: Principal, mode: Mode) -> None:
        """Let a user in by a way of service that is agreed.

        Raises:
            Denied: ``service.mode``.
        """
        agreed = await self.of(principal)
        if agreed is not None and mode not in agreed.modes:
            raise Denied("service.mode")

    def _in_force(self) -> ColumnElement[bool]:
        return or_(ServiceRow.valid_until.is_(None), ServiceRow.valid_until > self._time.now())
