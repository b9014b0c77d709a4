"""The FastAPI application of one platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from reference_platform.api import (
    areas,
    control,
    device_status,
    downloads,
    events,
    inventory,
    live,
    pages,
    patrols,
    people,
    playbacks,
    problems,
    recordings,
    seeded,
    session,
    tickets,
    upper_platforms,
    watermarks,
)
from reference_platform.api.dependencies import COOKIE, PrincipalDep
from reference_platform.inventory.customers import AREA_MISSING

if TYPE_CHECKING:
    from reference_platform.platform import Platform

ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    people.router,
    inventory.router,
    areas.router,
    events.router,
    live.router,
    tickets.router,
    watermarks.router,
    control.router,
    device_status.router,
    patrols.router,
    upper_platforms.router,
    recordings.router,
    playbacks.router,
    downloads.router,
)
"""Every resource of the API; a room adds its router here."""


def create_app(platform: Platform) -> FastAPI:
    """The API under ``/api``, and its description at ``/api/openapi.json``."""
    app = FastAPI(
        title="Application management platform",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.platform = platform
    problems.install(app)
    routers = [*ROUTERS, *seeded.routers(platform.settings.behaviours)]
    if not platform.has(AREA_MISSING):
        routers.append(areas.customers_router)
    for router in routers:
        app.include_router(router, prefix="/api", responses=problems.RESPONSES)
    app.include_router(pages.router)

    _describe_credentials(app)

    @app.get("/api/openapi.json", include_in_schema=False, name="openapi")
    async def description(_: PrincipalDep) -> JSONResponse:
        return JSONResponse(app.openapi())

    return app


def _describe_credentials(app: FastAPI) -> None:
    """Say in the description that everything but the log-in asks for a session."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = describe()
            schema["components"]["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            }
            schema["security"] = [{"token": []}, {"cookie": []}]
            schema["paths"]["/api/login"]["post"]["security"] = []
        return describe()

    app.openapi = described  # type: ignore[method-assign]
