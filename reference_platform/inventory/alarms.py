"""Alarms of cameras and of the platform itself, until somebody acknowledges them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from messages import text
from protocols.time_source import TimeSource
from reference_platform.errors import Denied
from reference_platform.inventory.events import Events
from reference_platform.inventory.models import Alarm
from reference_platform.people.access import Access, Principal
from reference_platform.people.first_start import ROOT
from reference_platform.people.operations import Operation
from reference_platform.store.database import Database
from reference_platform.store.inventory_tables import AlarmRow, ChannelRow, DeviceRow
from reference_platform.times import moment, optional_moment

MAXIMUM_LISTED = 1000


class Alarms:
    """Kept for ever; told at once to those who may know."""

    def __init__(
        self, database: Database, access: Access, events: Events, time_source: TimeSource
    ) -> None:
        self._database = database
        self._access = access
        self._events = events
        self._time = time_source

    async def raise_alarm(
        self,
        kind: str,
        *,
        device: str = "",
        channel: str = "",
        at: float | None = None,
        once: bool = False,
        **details: Any,
    ) -> bool:
        """Raise one; whether it was raised.

        Args:
            kind: worded as ``platform.alarm.<kind>``, e.g. ``storage.below-guarantee``.
            device, channel: 20 digits of what it is about; neither: the platform.
            at: UTC seconds; now if not given.
            once: not again while one of this kind about this is unacknowledged.
            details: JSON values for its wording.
        """
        now = self._time.now() if at is None else at

        def work(session: Session) -> str | None:
            same = select(AlarmRow.id).where(
                AlarmRow.kind == kind,
                AlarmRow.device_id == device,
                AlarmRow.channel_id == channel,
                AlarmRow.acknowledged_at.is_(None),
            )
            if once and session.scalars(same.limit(1)).first() is not None:
                return None
            organisation = _standing(session, device, channel)
            session.add(
                AlarmRow(
                    at=now,
                    kind=kind[:64],
                    organisation_id=organisation,
                    device_id=device,
                    channel_id=channel,
                    details=details,
                )
            )
            return organisation

        organisation = await self._database.write(work)
        if organisation is None:
            return False
        self._events.publish(
            "alarm",
            device=device,
            channel=channel,
            organisation=organisation,
            kind=kind,
            details=details,
        )
        return True

    async def listed(
        self, principal: Principal, language: str, *, open_only: bool = False, limit: int = 200
    ) -> list[Alarm]:
        """Alarms within one's organisation and below, the newest first."""
        self._access.require(principal, Operation.ALARMS)
        query = select(AlarmRow).where(
            or_(
                AlarmRow.organisation_id.in_(self._access.scope(principal)),
                AlarmRow.channel_id.in_(self._access.visible_channels(principal, Operation.LIVE)),
            )
        )
        if open_only:
            query = query.where(AlarmRow.acknowledged_at.is_(None))
        query = query.order_by(AlarmRow.at.desc(), AlarmRow.id).limit(min(limit, MAXIMUM_LISTED))
        rows = await self._database.read(lambda session: session.scalars(query).all())
        return [_view(row, language) for row in rows]

    async def acknowledge(self, principal: Principal, alarm_id: str, language: str) -> Alarm:
        """Somebody has seen to it. The first who did stays named."""
        self._access.require(principal, Operation.ALARMS)

        def work(session: Session) -> AlarmRow:
            row = session.get(AlarmRow, alarm_id)
            if row is None or row.organisation_id not in self._access.scope(principal):
                raise Denied
            if row.acknowledged_at is None:
                row.acknowledged_at = self._time.now()
                row.acknowledged_by = principal.name
            return row

        return _view(await self._database.write(work), language)


def _standing(session: Session, device: str, channel: str) -> str:
    row: ChannelRow | DeviceRow | None = session.get(ChannelRow, channel) if channel else None
    if row is None and device:
        row = session.get(DeviceRow, device)
    return row.organisation_id if row is not None else ROOT


def _view(row: AlarmRow, language: str) -> Alarm:
    return Alarm(
        id=row.id,
        at=moment(row.at),
        kind=row.kind,
        message=text(f"platform.alarm.{row.kind}", language, **row.details),
        organisation=row.organisation_id,
        device=row.device_id,
        channel=row.channel_id,
        details=row.details,
        acknowledged_at=optional_moment(row.acknowledged_at),
        acknowledged_by=row.acknowledged_by,
    )
