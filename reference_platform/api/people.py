"""Users, roles, operations, and the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from reference_platform.api.dependencies import PlatformDep, PrincipalDep, VersionQuery
from reference_platform.behaviours import defect
from reference_platform.fields import OwnIdField
from reference_platform.people.audit import AuditEntry, Verification
from reference_platform.people.models import (
    NewRole,
    NewUser,
    OperationView,
    Role,
    RoleChange,
    User,
    UserChange,
)
from reference_platform.people.operations import Operation
from reference_platform.times import Moment

QUERY_LEAKS_PASSWORD_HASH = defect(
    "query-leaks-password-hash",
    "The list of users holds each one's password hash.",
    seen="648540858/wvp-GB28181-pro#2238",
)
router = APIRouter(tags=["people"])
ShortText = Annotated[str, Query(max_length=64)]


@router.get("/operations", name="operations.list")
async def operations(principal: PrincipalDep, platform: PlatformDep) -> list[OperationView]:
    """Everything that a role may allow, with its level."""
    return platform.people.roles.operations(principal)


@router.get("/roles", name="roles.list")
async def roles(principal: PrincipalDep, platform: PlatformDep) -> list[Role]:
    """All roles."""
    return await platform.people.roles.listed(principal)


@router.post("/roles", name="roles.add", status_code=201)
async def add_role(
    body: NewRole, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> Role:
    """Define a role."""
    made = await platform.people.roles.add(principal, body)
    request.state.audit_target = made.id
    return made


@router.patch("/roles/{role_id}", name="roles.change")
async def change_role(
    role_id: OwnIdField, body: RoleChange, principal: PrincipalDep, platform: PlatformDep
) -> Role:
    """Change a role; it holds at once, also in running sessions."""
    return await platform.people.roles.change(principal, role_id, body)


@router.delete("/roles/{role_id}", name="roles.delete", status_code=204)
async def delete_role(
    role_id: OwnIdField, version: VersionQuery, principal: PrincipalDep, platform: PlatformDep
) -> None:
    """Delete a role that nobody has."""
    await platform.people.roles.delete(principal, role_id, version)


@router.get("/users", name="users.list", response_model=list[User])
async def users(
    principal: PrincipalDep,
    platform: PlatformDep,
    query: ShortText = "",
    organisation: Annotated[OwnIdField | None, Query()] = None,
) -> Any:
    """Accounts within one's organisation and below."""
    found = await platform.people.users.listed(principal, query, organisation)
    if not platform.settings.has(QUERY_LEAKS_PASSWORD_HASH):
        return found
    hashes = await platform.people.users.password_hashes(found)
    return JSONResponse(
        [each.model_dump(mode="json") | {"password_hash": hashes[each.id]} for each in found]
    )


@router.post("/users", name="users.add", status_code=201)
async def add_user(
    body: NewUser, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> User:
    """Make an account."""
    made = await platform.people.users.add(principal, body)
    request.state.audit_target = made.id
    return made


@router.get("/users/{user_id}", name="users.get")
async def user(user_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep) -> User:
    """One account."""
    return await platform.people.users.get(principal, user_id)


@router.patch("/users/{user_id}", name="users.change")
async def change_user(
    user_id: OwnIdField, body: UserChange, principal: PrincipalDep, platform: PlatformDep
) -> User:
    """Change an account; every field holds at once, also in what runs."""
    return await platform.people.users.change(principal, user_id, body)


@router.delete("/users/{user_id}", name="users.delete", status_code=204)
async def delete_user(
    user_id: OwnIdField, version: VersionQuery, principal: PrincipalDep, platform: PlatformDep
) -> None:
    """Delete an account; its sessions end."""
    await platform.people.users.delete(principal, user_id, version)


@router.get("/audit", name="audit.list")
async def audit(
    principal: PrincipalDep,
    platform: PlatformDep,
    user: ShortText = "",
    operation: ShortText = "",
    since: Moment | None = None,
    until: Moment | None = None,
    after: Annotated[int, Query(ge=0, le=2**62, description="rows older than this one")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[AuditEntry]:
    """What was done, the newest first; by accounts of one's organisation and below."""
    platform.access.require(principal, Operation.AUDIT)
    return await platform.audit.entries(
        platform.audit_scope(principal),
        user=user,
        operation=operation,
        since=since.timestamp() if since else None,
        until=until.timestamp() if until else None,
        after=after,
        limit=limit,
    )


@router.get("/audit/verify", name="audit.verify")
async def verify_audit(principal: PrincipalDep, platform: PlatformDep) -> Verification:
    """Walk along the chain of hashes: was anything changed, removed or inserted?"""
    platform.access.require(principal, Operation.AUDIT)
    return await platform.audit.verify()
