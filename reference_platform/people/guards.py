"""What must stay true of accounts, whoever changes them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from reference_platform.errors import Conflict
from reference_platform.people.operations import Operation
from reference_platform.store.inventory_tables import OrganisationRow
from reference_platform.store.people_tables import RoleRow, UserRow

_KEYS = {Operation.USERS.value, Operation.ROLES.value}


def require_administrator(session: Session, now: float) -> None:
    """Refuse to leave the platform without anybody who may manage its users and roles.

    Raises:
        PlatformError: 409 ``account.last-administrator``.
    """
    roles = {role.id: set(role.operations) for role in session.scalars(select(RoleRow))}
    candidates = session.scalars(
        select(UserRow)
        .join(OrganisationRow, UserRow.organisation_id == OrganisationRow.id)
        .where(
            UserRow.deleted_at.is_(None),
            UserRow.state == "active",
            OrganisationRow.parent_id.is_(None),
        )
    )
    for user in candidates:
        held: set[str] = set().union(*(roles[link.role_id] for link in user.roles))
        lasting = user.valid_until is None and (user.valid_from is None or user.valid_from <= now)
        if lasting and held >= _KEYS:
            return
    raise Conflict("account.last-administrator")
