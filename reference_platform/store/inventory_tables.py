"""Organisations, devices, channels, their event log, customers, services, settings, alarms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from reference_platform.store.base import Base, Name, NationalId, OwnId


class OrganisationRow(Base):
    """A node of the organisation tree; the root has no parent."""

    __tablename__ = "organisations"

    id: Mapped[OwnId]
    parent_id: Mapped[str | None] = mapped_column(
        String(32), ForeignKey("organisations.id", ondelete="RESTRICT"), index=True
    )
    name: Mapped[Name]
    region: Mapped[str] = mapped_column(String(12), default="")
    version: Mapped[int] = mapped_column(default=1)


class DeviceRow(Base):
    """A camera or recorder. Its password is sealed: it is needed in clear to speak to it."""

    __tablename__ = "devices"

    id: Mapped[NationalId] = mapped_column(primary_key=True)
    name: Mapped[Name]
    organisation_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("organisations.id", ondelete="RESTRICT"), index=True
    )
    protocol: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(255), default="")
    user: Mapped[str] = mapped_column(String(64), default="")
    sealed_password: Mapped[str] = mapped_column(String(512), default="")
    scene: Mapped[str] = mapped_column(String(32), default="")
    online: Mapped[bool] = mapped_column(default=False)
    status_since: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)


class ChannelRow(Base):
    """One source of pictures of a device."""

    __tablename__ = "channels"

    id: Mapped[NationalId] = mapped_column(primary_key=True)
    device_id: Mapped[NationalId] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[Name]
    organisation_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("organisations.id", ondelete="RESTRICT"), index=True
    )
    scene: Mapped[str] = mapped_column(String(32), default="")
    ptz_type: Mapped[int] = mapped_column(default=0)
    online: Mapped[bool] = mapped_column(default=False)
    status_since: Mapped[float | None]
    recording: Mapped[bool]
    retention_days: Mapped[int]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)


class DeviceEventRow(Base):
    """A device went online or offline. Kept for ever, whatever becomes of the device."""

    __tablename__ = "device_events"
    __table_args__ = (Index("ix_device_events_device_at", "device_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[NationalId]
    at: Mapped[float]
    online: Mapped[bool]
    why: Mapped[str] = mapped_column(String(64))


class CustomerRow(Base):
    """Somebody who is served."""

    __tablename__ = "customers"

    id: Mapped[OwnId]
    name: Mapped[Name]
    organisation_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("organisations.id", ondelete="RESTRICT"), index=True
    )
    region: Mapped[str] = mapped_column(String(12), default="")
    contact: Mapped[Name] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(String(32), default="")
    version: Mapped[int] = mapped_column(default=1)


class ServiceRow(Base):
    """A contract: what a customer is served, how, for how many viewers, until when."""

    __tablename__ = "services"

    id: Mapped[OwnId]
    customer_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("customers.id", ondelete="RESTRICT"), index=True
    )
    modes: Mapped[list[str]]
    channels: Mapped[list[str]]
    concurrent_viewers: Mapped[int]
    retention_days: Mapped[int]
    valid_until: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)


class SettingsRow(Base):
    """One group of settings that administrators change: ``network``, ``security``, ..."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(default=1)


class AlarmRow(Base):
    """Something that an operator should look at; of a channel, a device or the platform."""

    __tablename__ = "alarms"

    id: Mapped[OwnId]
    at: Mapped[float] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(64))
    organisation_id: Mapped[str] = mapped_column(String(32), index=True)
    device_id: Mapped[str] = mapped_column(String(20), default="")
    channel_id: Mapped[str] = mapped_column(String(20), default="")
    details: Mapped[dict[str, Any]]
    acknowledged_at: Mapped[float | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(128))
