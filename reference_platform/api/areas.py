"""Customers, services, network, security, alarms, scene types, and the state of things (4.1-7)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from reference_platform import VERSION
from reference_platform.api.dependencies import PlatformDep, PrincipalDep, VersionQuery
from reference_platform.api.problems import language_of
from reference_platform.clock.room import ClockStatus
from reference_platform.fields import OwnIdField
from reference_platform.inventory.models import (
    Alarm,
    Customer,
    CustomerChange,
    Network,
    NetworkChange,
    NewCustomer,
    NewService,
    SceneType,
    Service,
    ServiceChange,
)
from reference_platform.inventory.scenes import scene_types
from reference_platform.people.operations import Operation
from reference_platform.people.policy import SecurityChange, SecurityPolicy
from reference_platform.times import Moment, moment

router = APIRouter(tags=["management"])
customers_router = APIRouter(tags=["management"])


class Counts(BaseModel):
    """Of what the asking user may know."""

    channels: int
    channels_online: int
    devices: int
    devices_online: int


class Status(BaseModel):
    """The state of the platform."""

    version: str
    time: Moment
    counts: Counts


@router.get("/status", name="status")
async def status(principal: PrincipalDep, platform: PlatformDep) -> Status:
    """Version, clock, and how much is there."""
    channels = await platform.inventory.channels.listed(principal)
    devices = await platform.inventory.devices.seen_through(channels)
    return Status(
        version=VERSION,
        time=moment(platform.time_source.now()),
        counts=Counts(
            channels=len(channels),
            channels_online=sum(each.online for each in channels),
            devices=len(devices),
            devices_online=sum(devices.values()),
        ),
    )


@router.get("/scene-types", name="scene-types.list")
async def scenes(request: Request, _: PrincipalDep) -> list[SceneType]:
    """Kinds of places that cameras look at."""
    return scene_types(language_of(request))


@customers_router.get("/customers", name="customers.list")
async def customers(principal: PrincipalDep, platform: PlatformDep) -> list[Customer]:
    """Customers within one's organisation and below."""
    return await platform.inventory.customers.listed(principal)


@customers_router.post("/customers", name="customers.add", status_code=201)
async def add_customer(
    body: NewCustomer, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> Customer:
    """Add a customer."""
    made = await platform.inventory.customers.add(principal, body)
    request.state.audit_target = made.id
    return made


@customers_router.get("/customers/{customer_id}", name="customers.get")
async def customer(
    customer_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep
) -> Customer:
    """One customer."""
    return await platform.inventory.customers.get(principal, customer_id)


@customers_router.patch("/customers/{customer_id}", name="customers.change")
async def change_customer(
    customer_id: OwnIdField, body: CustomerChange, principal: PrincipalDep, platform: PlatformDep
) -> Customer:
    """Change a customer."""
    return await platform.inventory.customers.change(principal, customer_id, body)


@customers_router.delete("/customers/{customer_id}", name="customers.delete", status_code=204)
async def delete_customer(
    customer_id: OwnIdField, version: VersionQuery, principal: PrincipalDep, platform: PlatformDep
) -> None:
    """Delete a customer who has no service."""
    await platform.inventory.customers.delete(principal, customer_id, version)


@router.get("/services", name="services.list")
async def services(
    principal: PrincipalDep,
    platform: PlatformDep,
    customer: Annotated[OwnIdField | None, Query()] = None,
) -> list[Service]:
    """Contracts."""
    return await platform.inventory.services.listed(principal, customer)


@router.post("/services", name="services.add", status_code=201)
async def add_service(
    body: NewService, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> Service:
    """Add a contract; its channels are recorded at least as long as it says."""
    made = await platform.inventory.services.add(principal, body)
    request.state.audit_target = made.id
    return made


@router.get("/services/{service_id}", name="services.get")
async def service(
    service_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep
) -> Service:
    """One contract."""
    return await platform.inventory.services.get(principal, service_id)


@router.patch("/services/{service_id}", name="services.change")
async def change_service(
    service_id: OwnIdField, body: ServiceChange, principal: PrincipalDep, platform: PlatformDep
) -> Service:
    """Change a contract."""
    return await platform.inventory.services.change(principal, service_id, body)


@router.delete("/services/{service_id}", name="services.delete", status_code=204)
async def delete_service(
    service_id: OwnIdField, version: VersionQuery, principal: PrincipalDep, platform: PlatformDep
) -> None:
    """Delete a contract."""
    await platform.inventory.services.delete(principal, service_id, version)


@router.get("/network", name="network.get")
async def network(principal: PrincipalDep, platform: PlatformDep) -> Network:
    """How the platform stands in the network."""
    return await platform.inventory.settings.network(principal)


@router.patch("/network", name="network.change")
async def change_network(
    body: NetworkChange, principal: PrincipalDep, platform: PlatformDep
) -> Network:
    """Change it."""
    changed = await platform.inventory.settings.change_network(principal, body)
    platform.clock.look_again()
    return changed


@router.get("/network/clock", name="network.clock")
async def clock(principal: PrincipalDep, platform: PlatformDep) -> ClockStatus:
    """The platform's clock, and what its time servers say of it."""
    platform.access.require(principal, Operation.NETWORK)
    return platform.clock.status()


@router.get("/security", name="security.get")
async def security(principal: PrincipalDep, platform: PlatformDep) -> SecurityPolicy:
    """Passwords, failed log-ins, sessions."""
    return await platform.inventory.settings.security(principal)


@router.patch("/security", name="security.change")
async def change_security(
    body: SecurityChange, principal: PrincipalDep, platform: PlatformDep
) -> SecurityPolicy:
    """Change them; they hold at once."""
    return await platform.inventory.settings.change_security(principal, body)


@router.get("/alarms", name="alarms.list")
async def alarms(
    request: Request,
    principal: PrincipalDep,
    platform: PlatformDep,
    open_only: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[Alarm]:
    """Alarms, the newest first."""
    return await platform.inventory.alarms.listed(
        principal, language_of(request), open_only=open_only, limit=limit
    )


@router.post("/alarms/{alarm_id}/acknowledge", name="alarms.acknowledge")
async def acknowledge_alarm(
    alarm_id: OwnIdField, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> Alarm:
    """Somebody has seen to it."""
    return await platform.inventory.alarms.acknowledge(principal, alarm_id, language_of(request))
