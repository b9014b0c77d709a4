"""Refusals and failures as JSON, worded in the caller's language."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from messages import LANGUAGES, text
from reference_platform.errors import PlatformError

_LOG = logging.getLogger(__name__)
_CODES = {404: "not-found", 405: "request.method", 413: "request.too-large"}


class Problem(BaseModel):
    """Why something was not done."""

    code: str
    message: str
    parameters: dict[str, Any]


class ProblemAnswer(BaseModel):
    """The body of every answer that is no success."""

    error: Problem


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemAnswer, "description": words}
    for status, words in {
        400: "not understood",
        401: "not logged in",
        403: "not allowed, or not there for the asking user",
        404: "not there",
        409: "in conflict with the state of things, or changed by somebody else meanwhile",
        413: "too large",
        422: "a field is missing, unknown or out of its bounds",
        429: "too often",
        503: "not possible now",
    }.items()
}


def language_of(connection: HTTPConnection) -> str:
    """The first of the caller's languages that is spoken here; else the platform's."""
    for part in connection.headers.get("accept-language", "")[:200].split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return tag
    return str(connection.app.state.platform.settings.language)


def problem(connection: HTTPConnection, error: PlatformError) -> JSONResponse:
    """The answer that tells of ``error``."""
    message = text(f"platform.error.{error.code}", language_of(connection), **error.parameters)
    headers = {"Retry-After": str(error.parameters["seconds"])} if error.status == 429 else None
    if error.status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    return JSONResponse(
        {"error": {"code": error.code, "message": message, "parameters": error.parameters}},
        status_code=error.status,
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Let every failure of ``app`` be answered in one form."""

    @app.exception_handler(PlatformError)
    async def _refused(request: Request, error: PlatformError) -> JSONResponse:
        request.state.refusal = error.code
        if error.status >= 500:
            _LOG.warning("%s %s: %s", request.method, request.url.path, error.code)
        return problem(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what kind, never the value: it may be a password.
        fields = sorted({".".join(map(str, each["loc"])) for each in error.errors()})[:20]
        request.state.refusal = "request.invalid"
        shown = [field.encode("ascii", "replace").decode()[:100] for field in fields]
        return problem(request, PlatformError("request.invalid", 422, fields=shown))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "request.invalid")
        request.state.refusal = code
        answer = problem(request, PlatformError(code, error.status_code))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def _broken(request: Request, error: Exception) -> JSONResponse:
        _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
        return problem(request, PlatformError("internal", 500))
