"""Upper platforms, and the numbers under which organisations appear to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from reference_platform.store.base import Base, Name, NationalId, OwnId


class UpperPlatformRow(Base):
    """One upper platform."""

    __tablename__ = "upper_platforms"

    id: Mapped[OwnId]
    name: Mapped[Name]
    address: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    transport: Mapped[str] = mapped_column(String(8))
    server_id: Mapped[NationalId]
    domain: Mapped[str] = mapped_column(String(64), default="")
    device_id: Mapped[NationalId]
    sealed_password: Mapped[str] = mapped_column(String(512), default="")
    authority: Mapped[str] = mapped_column(Text, default="")
    organisations: Mapped[list[Any]] = mapped_column(JSON)
    channels: Mapped[list[Any]] = mapped_column(JSON)
    ptz_level: Mapped[int] = mapped_column(default=0)
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class CascadeNumberRow(Base):
    """The serial number of an organisation in identifiers of type 215 and 216."""

    __tablename__ = "cascade_numbers"

    number: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(32), unique=True)
