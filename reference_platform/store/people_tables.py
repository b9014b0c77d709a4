"""Users, roles, sessions, failed log-ins, and the audit log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reference_platform.store.base import Base, Name, OwnId


class RoleRow(Base):
    """A named set of operations, all of one level."""

    __tablename__ = "roles"

    id: Mapped[OwnId]
    name: Mapped[Name] = mapped_column(unique=True)
    level: Mapped[str] = mapped_column(String(32))
    operations: Mapped[list[str]]
    version: Mapped[int] = mapped_column(default=1)


class UserRow(Base):
    """A person who may log in. A deleted one is kept without contact, for what refers to it."""

    __tablename__ = "users"
    __table_args__ = (
        Index(
            "uq_users_living_name",
            "folded_name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[OwnId]
    name: Mapped[Name]
    folded_name: Mapped[Name]
    display_name: Mapped[Name] = mapped_column(default="")
    organisation_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("organisations.id", ondelete="RESTRICT"), index=True
    )
    phone: Mapped[str] = mapped_column(String(32), default="")
    ptz_level: Mapped[int] = mapped_column(default=1)
    valid_from: Mapped[float | None]
    valid_until: Mapped[float | None]
    state: Mapped[str] = mapped_column(String(16), default="active")
    password_hash: Mapped[str] = mapped_column(String(256))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    last_login: Mapped[float | None]
    deleted_at: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)
    roles: Mapped[list[UserRoleRow]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="UserRoleRow.role_id"
    )
    cameras: Mapped[list[UserCameraRow]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="UserCameraRow.id"
    )


class UserRoleRow(Base):
    """Which roles a user has."""

    __tablename__ = "user_roles"

    user_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    role_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("roles.id", ondelete="RESTRICT"), primary_key=True, index=True
    )


class UserCameraRow(Base):
    """Which cameras a user reaches: one channel, or all of an organisation and below."""

    __tablename__ = "user_cameras"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    channel_id: Mapped[str | None] = mapped_column(
        String(20), ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    organisation_id: Mapped[str | None] = mapped_column(
        String(32), ForeignKey("organisations.id", ondelete="CASCADE"), index=True
    )
    operations: Mapped[list[str] | None]


class SessionRow(Base):
    """A log-in. The token itself is not stored, only its SHA-256."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    address: Mapped[str] = mapped_column(String(64))
    created: Mapped[float]
    last_seen: Mapped[float]
    expires: Mapped[float]


class FailedLoginRow(Base):
    """Failed log-ins in a row of one account name or from one address."""

    __tablename__ = "failed_logins"

    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    failures: Mapped[int]
    last: Mapped[float]
    locked_until: Mapped[float]


class AuditRow(Base):
    """One line of the audit log, chained to the one before by its hash."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at_id", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[float]
    user_id: Mapped[str] = mapped_column(String(32), index=True)
    user_name: Mapped[Name]
    organisation_id: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(64))
    operation: Mapped[str] = mapped_column(String(64), index=True)
    target: Mapped[str] = mapped_column(String(200))
    result: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]]
    hash: Mapped[str] = mapped_column(String(64))
