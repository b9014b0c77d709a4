"""What a new platform begins with: the root organisation, three roles, one administrator."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from messages import text
from reference_platform.behaviours import defect
from reference_platform.people.operations import Level, Operation, level_of
from reference_platform.people.passwords import Passwords, one_time_password
from reference_platform.store.inventory_tables import OrganisationRow
from reference_platform.store.people_tables import RoleRow, UserCameraRow, UserRoleRow, UserRow

DEFAULT_ADMIN = defect(
    "default-admin",
    "The first administrator is admin with the password admin, which need not be changed.",
    seen="648540858/wvp-GB28181-pro#2136",
)
ROOT = "root"
ADMINISTRATOR = "admin"
_ROLES = (
    ("administrator", Level.MANAGEMENT),
    ("operator", Level.FUNCTION),
    ("viewer", Level.DATA),
)


def begin(
    session: Session, passwords: Passwords, language: str, behaviours: frozenset[str]
) -> str | None:
    """Make what is missing; a new one-time password of the first administrator, or ``None``.

    There is a new one at each start until somebody has logged in with it: one that was never
    read cannot lock the owner out.
    """
    if session.get(OrganisationRow, ROOT) is None:
        session.add(OrganisationRow(id=ROOT, name=text("platform.first.organisation", language)))
        for identifier, level in _ROLES:
            session.add(_role(identifier, level, language, behaviours))
        session.flush()
    first = session.scalars(select(UserRow).limit(2)).all()
    if len(first) > 1 or (first and first[0].last_login is not None):
        return None
    careless = DEFAULT_ADMIN in behaviours
    password = ADMINISTRATOR if careless else one_time_password()
    if not first:
        session.add(_administrator(passwords.hash(password), careless, language))
    elif not first[0].must_change_password:
        return None
    else:
        first[0].password_hash = passwords.hash(password)
    return password


def _role(identifier: str, level: Level, language: str, behaviours: frozenset[str]) -> RoleRow:
    operations = [each.value for each in Operation if level_of(each, behaviours) is level]
    return RoleRow(
        id=identifier,
        name=text(f"platform.first.role.{identifier}", language),
        level=level.value,
        operations=operations,
    )


def _administrator(password_hash: str, careless: bool, language: str) -> UserRow:
    return UserRow(
        name=ADMINISTRATOR,
        folded_name=ADMINISTRATOR,
        display_name=text("platform.first.administrator", language),
        organisation_id=ROOT,
        ptz_level=10,
        password_hash=password_hash,
        must_change_password=not careless,
        roles=[UserRoleRow(role_id=identifier) for identifier, _ in _ROLES],
        cameras=[UserCameraRow(organisation_id=ROOT)],
    )
