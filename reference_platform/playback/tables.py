"""Every download ever asked for: the queue, and the history that nobody can delete."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from reference_platform.store.base import Base, Name, NationalId, OwnId


class DownloadRow(Base):
    """One download. It refers to user and channel by what they were called: it outlives both."""

    __tablename__ = "downloads"
    __table_args__ = (Index("ix_downloads_user_id_created", "user_id", "created"),)

    id: Mapped[OwnId]
    user_id: Mapped[str] = mapped_column(String(32))
    user_name: Mapped[Name]
    organisation_id: Mapped[str] = mapped_column(String(32), index=True)
    address: Mapped[str] = mapped_column(String(64))
    device_id: Mapped[NationalId]
    channel_id: Mapped[NationalId]
    source: Mapped[str] = mapped_column(String(16))
    start: Mapped[float]
    end: Mapped[float]
    mark_name: Mapped[str] = mapped_column(String(300))
    mark_code: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), index=True)
    progress: Mapped[float] = mapped_column(default=0.0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    gaps: Mapped[list[Any]] = mapped_column(JSON, default=list)
    error: Mapped[str] = mapped_column(String(64), default="")
    created: Mapped[float] = mapped_column(index=True)
    ended: Mapped[float | None]
