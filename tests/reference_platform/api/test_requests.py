"""What holds for every request: a session, bounds, headers, no other site, one form of errors."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from reference_platform.api.guard import MAXIMUM_BODY_BYTES
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import Client

PUBLIC = {("POST", "/api/login")}
"""Everything else asks for a session, or for a ticket that a session was given."""

_SAMPLES = {"channel": "34020000001310000001", "device": "34020000001320000001"}


def operations(description: dict[str, Any]) -> list[tuple[str, str]]:
    """Every method and path of the API's description, with samples in the path."""

    def sample(match: re.Match[str]) -> str:
        return next((each for name, each in _SAMPLES.items() if name in match[1]), "abcdefgh")

    return [
        (method.upper(), re.sub(r"\{(\w+)\}", sample, path))
        for path, methods in description["paths"].items()
        for method in methods
    ]


async def test_nothing_answers_without_a_session(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    fresh = await client(platform, "admin", platform.first_password or "")
    first = platform.first_password or ""
    nobody, stranger = Client(platform), Client(platform, "x" * 43)
    admin = await client(platform)
    described = operations(await admin.ok("GET", "/api/openapi.json"))
    assert len(described) > 40
    assert first
    try:
        for method, path in described:
            if (method, path) in PUBLIC:
                continue
            for asking in (nobody, stranger):
                status, answer = await asking.call(method, path)
                assert status == 401, (method, path, answer)
        assert await nobody.refused("GET", "/api/openapi.json") == "session.missing"
    finally:
        await nobody.close()
        await stranger.close()
    assert await fresh.refused("GET", "/api/channels") == "session.ended", "the password changed"


async def test_before_the_first_password_is_changed_nothing_is_allowed(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    once = platform.first_password or ""
    fresh = await client(platform, "admin", once)
    described = operations(
        await (await client(await new_platform())).ok("GET", "/api/openapi.json")
    )
    allowed = {("GET", "/api/me"), ("POST", "/api/me/password"), ("POST", "/api/logout")}
    for method, path in described:
        if (method, path) in PUBLIC | allowed:
            continue
        code = await fresh.refused(method, path)
        assert code in ("password.must-change", "access.denied"), (method, path, code)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-Requested-With": "tantou"}, 201),
        ({"X-Requested-With": "tantou", "Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "SELF"}, 201),
        ({"Origin": "null"}, 403),
    ],
)
async def test_another_sites_page_cannot_change_anything(
    new_platform: StartPlatform, client: People, headers: dict[str, str], status: int
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    headers = {
        name: value.replace("SELF", platform.https_url) for name, value in headers.items()
    } | {"Cookie": f"session={admin.token}"}
    browser = Client(platform)
    try:
        made = await browser.call("POST", "/api/organisations", {"name": "x"}, headers=headers)
        assert made[0] == status, made
        assert (await browser.call("GET", "/api/me", headers={"Cookie": headers["Cookie"]}))[
            0
        ] == 200
    finally:
        await browser.close()


async def test_the_cookie_and_the_headers_keep_a_browser_safe(new_platform: StartPlatform) -> None:
    platform = await new_platform()
    nobody = Client(platform)
    body = {"user": "admin", "password": platform.first_password}
    async with nobody.request("POST", "/api/login", json=body) as answer:
        cookie = answer.headers["Set-Cookie"]
        headers = answer.headers
    await nobody.close()
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers


async def test_what_is_too_large_or_no_json_is_refused(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    huge = io.BytesIO(b"[" + b" " * MAXIMUM_BODY_BYTES + b"]")
    as_json = {"Content-Type": "application/json"}

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (MAXIMUM_BODY_BYTES // 32)

    for data, code in (
        (huge, "request.too-large"),
        (pieces(), "request.too-large"),
        (b"{not json", "request.invalid"),
        (b'{"name": "\xff"}', "request.invalid"),
        (b"[" * 100_000, "request.invalid"),
    ):
        async with admin.request(
            "POST", "/api/organisations", data=data, headers=as_json
        ) as answer:
            assert (await answer.json())["error"]["code"] == code


async def test_errors_have_one_form_in_the_callers_language(
    new_platform: StartPlatform, client: People
) -> None:
    admin = await client(await new_platform())
    chinese = {"Accept-Language": "zh-CN,zh;q=0.9"}
    for method, path, status, code in (
        ("GET", "/api/nothing", 404, "not-found"),
        ("PUT", "/api/users", 405, "request.method"),
        ("GET", "/api/users?organisation=*", 422, "request.invalid"),
        ("GET", "/api/devices/123", 422, "request.invalid"),
    ):
        answer = await admin.call(method, path, headers=chinese)
        assert (answer[0], answer[1]["error"]["code"]) == (status, code)
        assert re.search("[一-鿿]", answer[1]["error"]["message"])
    status, answer = await admin.call("POST", "/api/users", {"name": "x", "password": "hunter22"})
    assert "hunter22" not in str(answer)
    assert answer["error"]["parameters"]["fields"] == ["body.name"]


async def test_our_own_fault_is_told_as_one(
    new_platform: StartPlatform, client: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = await new_platform()
    admin = await client(platform)

    async def broken(_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(platform.inventory.devices, "listed", broken)
    status, answer = await admin.call("GET", "/api/devices")
    assert (status, answer["error"]["code"]) == (500, "internal")
    assert "secret" not in str(answer)


@pytest.mark.parametrize(
    ("behaviour", "path"),
    [
        ("analysis-api-present", "/api/analysis/tasks"),
        ("face-library-present", "/api/face-libraries"),
        ("open-endpoint", "/api/export/devices"),
    ],
)
async def test_a_route_that_should_not_be_there(
    new_platform: StartPlatform, client: People, behaviour: str, path: str
) -> None:
    platform = await new_platform(behaviour)
    admin = await client(platform)
    await admin.ok("GET", path)
    nobody = Client(platform)
    status, _ = await nobody.call("GET", path)
    await nobody.close()
    assert status == (200 if behaviour == "open-endpoint" else 401)
    plain = await client(await new_platform())
    assert await plain.refused("GET", path) == "not-found"


async def test_there_is_no_analysis_of_pictures(
    new_platform: StartPlatform, client: People
) -> None:
    """4.3.3.1-g: no structuring of video, no clustering of faces."""
    platform = await new_platform()
    description = str(await (await client(platform)).ok("GET", "/api/openapi.json")).lower()
    words = ("face", "person", "vehicle", "plate", "analy", "structur", "cluster", "人脸", "结构化")
    assert [word for word in words if word in description.replace("interface", "")] == []
    assert not (platform.settings.data / "models").exists()


async def test_model_files_present(new_platform: StartPlatform) -> None:
    platform = await new_platform("model-files-present")
    assert [each.suffix for each in (platform.settings.data / "models").iterdir()] == [".onnx"]
