"""Reads from the database what decisions rest on."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from reference_platform.people.access import Grant, Place, Rights, UserRights
from reference_platform.people.operations import Level, Operation
from reference_platform.store.inventory_tables import ChannelRow, OrganisationRow
from reference_platform.store.people_tables import RoleRow, UserRow


def read_rights(session: Session, *, deleted_too: bool = False) -> Rights:
    """All accounts, organisations and channels, as ``Access`` needs them.

    ``deleted_too``: for the defect ``deleted-user-can-log-in`` alone.
    """
    roles = {role.id: role for role in session.scalars(select(RoleRow))}
    users = session.scalars(
        select(UserRow) if deleted_too else select(UserRow).where(UserRow.deleted_at.is_(None))
    )
    organisations = session.execute(select(OrganisationRow.id, OrganisationRow.parent_id))
    channels = session.execute(
        select(ChannelRow.id, ChannelRow.device_id, ChannelRow.organisation_id)
    )
    return Rights(
        users={user.id: rights_of(user, roles) for user in users},
        parents=dict(organisations.all()),
        places={channel: Place(device, place) for channel, device, place in channels},
    )


def rights_of(user: UserRow, roles: dict[str, RoleRow]) -> UserRights:
    """One account."""
    own = [roles[link.role_id] for link in user.roles]
    return UserRights(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        organisation=user.organisation_id,
        ptz_level=user.ptz_level,
        active=user.state == "active",
        valid_from=user.valid_from,
        valid_until=user.valid_until,
        must_change_password=user.must_change_password,
        levels=frozenset(Level(role.level) for role in own),
        operations=frozenset(Operation(name) for role in own for name in role.operations),
        grants=tuple(
            Grant(
                camera.channel_id,
                camera.organisation_id,
                None
                if camera.operations is None
                else frozenset(Operation(name) for name in camera.operations),
            )
            for camera in user.cameras
        ),
    )
