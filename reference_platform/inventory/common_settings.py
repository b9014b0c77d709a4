"""Settings that hold for the whole platform: network and security (4.1-7)."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy.orm import Session

from reference_platform.inventory.models import Network, NetworkChange
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.people.people import People
from reference_platform.people.policy import SecurityChange, SecurityPolicy
from reference_platform.settings import PlatformSettings
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import SettingsRow
from reference_platform.versions import require_current

Group = TypeVar("Group", bound=BaseModel)
_ANSWERED_ONLY = {"sip_domain", "server_id"}


class CommonSettings:
    """Stored by groups, each with a version; in force at once."""

    def __init__(
        self, settings: PlatformSettings, database: Database, access: Access, people: People
    ) -> None:
        self._settings = settings
        self._database = database
        self._access = access
        self._people = people

    async def start(self) -> None:
        """Let what is stored be in force."""
        self._people.use_policy(await self._read("security", SecurityPolicy))

    async def network(self, principal: Principal) -> Network:
        """How the platform stands in the network."""
        self._access.require(principal, Operation.NETWORK)
        return await self._network()

    async def change_network(self, principal: Principal, change: NetworkChange) -> Network:
        """Change it.

        Raises:
            PlatformError: 409 ``conflict.stale``.
        """
        self._access.require(principal, Operation.NETWORK)
        await self._change("network", Network, change)
        return await self._network()

    async def upstream_ntp(self) -> list[str]:
        """The time servers that the platform is held against."""
        return (await self._network()).upstream_ntp

    async def security(self, principal: Principal) -> SecurityPolicy:
        """Passwords, failed log-ins, sessions."""
        self._access.require(principal, Operation.SECURITY)
        return await self._read("security", SecurityPolicy)

    async def change_security(self, principal: Principal, change: SecurityChange) -> SecurityPolicy:
        """Change it; it holds at once.

        Raises:
            PlatformError: 409 ``conflict.stale``.
        """
        self._access.require(principal, Operation.SECURITY)
        policy = await self._change("security", SecurityPolicy, change)
        self._people.use_policy(policy)
        return policy

    async def _network(self) -> Network:
        stored = await self._read("network", Network)
        return stored.model_copy(
            update={
                "sip_domain": self._settings.own_domain,
                "server_id": self._settings.server_id,
            }
        )

    async def _read(self, name: str, group: type[Group]) -> Group:
        row = await self._database.read(lambda session: session.get(SettingsRow, name))
        return group() if row is None else group(**row.values, version=row.version)

    async def _change(
        self, name: str, group: type[Group], change: NetworkChange | SecurityChange
    ) -> Group:
        fields: dict[str, Any] = change.model_dump(exclude={"version"}, exclude_none=True)

        def work(session: Session) -> SettingsRow:
            row = session.get(SettingsRow, name)
            if row is None:
                row = SettingsRow(name=name, values={}, version=1)
                session.add(row)
            current = group(**row.values, version=row.version)
            require_current(row, change.version, lambda: current)
            kept = current.model_dump(exclude={"version", *_ANSWERED_ONLY}, mode="json")
            row.values = kept | fields
            row.version += 1
            return row

        row = await self._database.write(work)
        return group(**row.values, version=row.version)
