"""Customers and their services, as the contract has them (4.1-7)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from reference_platform.behaviours import defect
from reference_platform.errors import Conflict, Denied, PlatformError
from reference_platform.inventory.models import (
    Customer,
    CustomerChange,
    Mode,
    NewCustomer,
    NewService,
    Service,
    ServiceChange,
)
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import ChannelRow, CustomerRow, ServiceRow
from reference_platform.times import optional_moment
from reference_platform.versions import require_current

AREA_MISSING = defect("area-missing", "Customers are not managed on the platform at all.")


class Customers:
    """Customers within one's organisation and below."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    async def listed(self, principal: Principal) -> list[Customer]:
        """By name."""
        self._access.require(principal, Operation.CUSTOMERS)
        query = (
            select(CustomerRow)
            .where(CustomerRow.organisation_id.in_(self._access.scope(principal)))
            .order_by(CustomerRow.name, CustomerRow.id)
        )
        rows = await self._database.read(lambda session: session.scalars(query).all())
        return [customer_view(row) for row in rows]

    async def get(self, principal: Principal, customer_id: str) -> Customer:
        """One customer."""
        return customer_view(
            await self._database.read(
                lambda session: self._reachable(session, principal, customer_id)
            )
        )

    async def add(self, principal: Principal, new: NewCustomer) -> Customer:
        """Add one."""
        self._access.require(principal, Operation.CUSTOMERS, organisation_id=new.organisation)

        def work(session: Session) -> CustomerRow:
            row = CustomerRow(
                name=new.name,
                organisation_id=new.organisation,
                region=new.region,
                contact=new.contact,
                phone=new.phone,
            )
            session.add(row)
            session.flush()
            return row

        return customer_view(await self._database.write(work))

    async def change(
        self, principal: Principal, customer_id: str, change: CustomerChange
    ) -> Customer:
        """Change one.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``.
        """
        if change.organisation is not None:
            self._access.require(
                principal, Operation.CUSTOMERS, organisation_id=change.organisation
            )

        def work(session: Session) -> CustomerRow:
            row = self._changeable(session, principal, customer_id, change.version)
            for name in ("name", "region", "contact", "phone"):
                if (value := getattr(change, name)) is not None:
                    setattr(row, name, value)
            if change.organisation is not None:
                row.organisation_id = change.organisation
            row.version += 1
            return row

        return customer_view(await self._database.write(work))

    async def delete(self, principal: Principal, customer_id: str, version: int) -> None:
        """Delete one that has no service.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``, ``conflict.has-children``.
        """

        def work(session: Session) -> None:
            row = self._changeable(session, principal, customer_id, version)
            held = select(ServiceRow.id).where(ServiceRow.customer_id == customer_id).limit(1)
            if session.scalars(held).first() is not None:
                raise Conflict("conflict.has-children", what="services")
            session.delete(row)

        await self._database.write(work)

    def _reachable(self, session: Session, principal: Principal, customer_id: str) -> CustomerRow:
        self._access.require(principal, Operation.CUSTOMERS)
        row = session.get(CustomerRow, customer_id)
        if row is None:
            raise Denied
        self._access.require(principal, Operation.CUSTOMERS, organisation_id=row.organisation_id)
        return row

    def _changeable(
        self, session: Session, principal: Principal, customer_id: str, version: int
    ) -> CustomerRow:
        row = self._reachable(session, principal, customer_id)
        require_current(row, version, lambda: customer_view(row))
        return row


class Services:
    """Contracts of customers; what they promise is kept of the channels they name."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    async def listed(self, principal: Principal, customer: str | None = None) -> list[Service]:
        """Contracts of customers within one's scope."""
        self._access.require(principal, Operation.SERVICES)
        query = (
            select(ServiceRow)
            .join(CustomerRow, CustomerRow.id == ServiceRow.customer_id)
            .where(CustomerRow.organisation_id.in_(self._access.scope(principal)))
            .order_by(CustomerRow.name, ServiceRow.id)
        )
        if customer is not None:
            query = query.where(ServiceRow.customer_id == customer)
        rows = await self._database.read(lambda session: session.scalars(query).all())
        return [service_view(row) for row in rows]

    async def get(self, principal: Principal, service_id: str) -> Service:
        """One contract."""
        return service_view(
            await self._database.read(
                lambda session: self._reachable(session, principal, service_id)
            )
        )

    async def add(self, principal: Principal, new: NewService) -> Service:
        """Add one; its channels are kept at least as long as it says.

        Raises:
            PlatformError: 403; 422 ``retention.below-seven``.
        """
        self._require_lawful(principal, new.retention_days, new.channels)

        def work(session: Session) -> ServiceRow:
            self._require_customer(session, principal, new.customer)
            row = ServiceRow(
                customer_id=new.customer,
                modes=list(new.modes),
                channels=sorted(set(new.channels)),
                concurrent_viewers=new.concurrent_viewers,
                retention_days=new.retention_days,
                valid_until=new.valid_until.timestamp() if new.valid_until else None,
            )
            session.add(row)
            _keep_long_enough(session, row)
            session.flush()
            return row

        return service_view(await self._database.write(work))

    async def change(self, principal: Principal, service_id: str, change: ServiceChange) -> Service:
        """Change one.

        Raises:
            PlatformError: as ``add``; 409 ``conflict.stale``.
        """
        self._require_lawful(principal, change.retention_days, change.channels or [])

        def work(session: Session) -> ServiceRow:
            row = self._changeable(session, principal, service_id, change.version)
            for name in ("concurrent_viewers", "retention_days"):
                if (value := getattr(change, name)) is not None:
                    setattr(row, name, value)
            if change.modes is not None:
                row.modes = list(change.modes)
            if change.channels is not None:
                row.channels = sorted(set(change.channels))
            if "valid_until" in change.model_fields_set:
                row.valid_until = change.valid_until.timestamp() if change.valid_until else None
            row.version += 1
            _keep_long_enough(session, row)
            return row

        return service_view(await self._database.write(work))

    async def delete(self, principal: Principal, service_id: str, version: int) -> None:
        """Delete one.

        Raises:
            PlatformError: 403; 409 ``conflict.stale``.
        """
        await self._database.write(
            lambda session: session.delete(
                self._changeable(session, principal, service_id, version)
            )
        )

    def _require_lawful(
        self, principal: Principal, retention_days: int | None, channels: list[str]
    ) -> None:
        self._access.require(principal, Operation.SERVICES)
        for channel in channels:
            self._access.require(principal, Operation.SERVICES, channel)
        if retention_days is not None and retention_days < 7:
            raise PlatformError("retention.below-seven", 422)

    def _require_customer(self, session: Session, principal: Principal, customer_id: str) -> None:
        row = session.get(CustomerRow, customer_id)
        if row is None:
            raise Denied
        self._access.require(principal, Operation.SERVICES, organisation_id=row.organisation_id)

    def _reachable(self, session: Session, principal: Principal, service_id: str) -> ServiceRow:
        self._access.require(principal, Operation.SERVICES)
        row = session.get(ServiceRow, service_id)
        if row is None:
            raise Denied
        self._require_customer(session, principal, row.customer_id)
        return row

    def _changeable(
        self, session: Session, principal: Principal, service_id: str, version: int
    ) -> ServiceRow:
        row = self._reachable(session, principal, service_id)
        require_current(row, version, lambda: service_view(row))
        return row


def customer_view(row: CustomerRow) -> Customer:
    """As the API answers."""
    return Customer(
        id=row.id,
        name=row.name,
        organisation=row.organisation_id,
        region=row.region,
        contact=row.contact,
        phone=row.phone,
        version=row.version,
    )


def service_view(row: ServiceRow) -> Service:
    """As the API answers."""
    modes: list[Mode] = ["docking", "pc", "mobile"]
    return Service(
        id=row.id,
        customer=row.customer_id,
        modes=[mode for mode in modes if mode in row.modes],
        channels=row.channels,
        concurrent_viewers=row.concurrent_viewers,
        retention_days=row.retention_days,
        valid_until=optional_moment(row.valid_until),
        version=row.version,
    )


def _keep_long_enough(session: Session, service: ServiceRow) -> None:
    for channel in session.scalars(
        select(ChannelRow).where(
            ChannelRow.id.in_(service.channels),
            ChannelRow.retention_days < service.retention_days,
        )
    ):
        channel.retention_days = service.retention_days
        channel.version += 1
