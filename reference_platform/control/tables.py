"""What steering remembers: names of presets, patrols."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from reference_platform.store.base import Base, Name, NationalId, OwnId


class PresetRow(Base):
    """A preset that was set through the platform."""

    __tablename__ = "presets"

    channel_id: Mapped[NationalId] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[Name]
    home: Mapped[bool] = mapped_column(default=False)


class PatrolRow(Base):
    """A patrol group; ``running`` survives a restart."""

    __tablename__ = "patrols"

    id: Mapped[OwnId]
    name: Mapped[Name]
    channel_id: Mapped[str] = mapped_column(
        String(20), ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    stops: Mapped[list[Any]] = mapped_column(JSON)
    running: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
