"""Which short code of a watermark belongs to whom. Kept for ever."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from reference_platform.store.base import Base, Name


class WatermarkCodeRow(Base):
    """One code: of a user's session, or of one download."""

    __tablename__ = "watermark_codes"
    __table_args__ = (UniqueConstraint("session", "purpose", "target"),)

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32), index=True)
    user_name: Mapped[Name]
    display_name: Mapped[Name]
    organisation_id: Mapped[str] = mapped_column(String(32))
    session: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(200))
    created: Mapped[float]
