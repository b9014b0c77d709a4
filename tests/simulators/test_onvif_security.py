"""Credentials: tokens, digest, replays, skewed clocks, levels of users."""

from __future__ import annotations

import asyncio
import datetime
import re

import onvif
import pytest
import requests
from lxml import etree

from protocols.time_source import SystemTime, VirtualTime
from simulators.camera.clock import CameraClock
from simulators.camera.onvif.operations import OPERATIONS
from simulators.camera.onvif.security import Access
from simulators.camera.onvif_server import OnvifServer
from tests.simulators.onvif_bench import (
    call,
    envelope,
    found,
    post,
    security_header,
    served,
    with_zeep,
)

INFORMATION = "<tds:GetDeviceInformation/>"


def instant(posix: float) -> str:
    moment = datetime.datetime.fromtimestamp(posix, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def status_of(server: OnvifServer, header: str, body: str = INFORMATION) -> tuple[int, str]:
    status, _, data = await post(server, envelope(body, header))
    values = found(etree.fromstring(data), "//s:Subcode/s:Value")
    return status, values[0].text if values else ""


async def test_without_credentials_there_is_a_challenge_and_a_fault() -> None:
    async with served() as server:
        status, headers, data = await post(server, envelope(INFORMATION))
        assert status == 401
        offered = headers.getall("WWW-Authenticate")
        assert len(offered) == 2
        assert all(one.startswith("Digest ") for one in offered)
        (value,) = found(etree.fromstring(data), "//s:Subcode/s:Value")
        assert value.text == "ter:NotAuthorized"
        assert value.nsmap["ter"] == "http://www.onvif.org/ver10/error"


async def test_only_a_few_operations_need_no_password() -> None:
    before = {name for name, one in OPERATIONS.items() if one.access is Access.PRE_AUTH}
    before = {name for name in before if not name.endswith(":GetServiceCapabilities")}
    assert before == {
        "tds:GetSystemDateAndTime",
        "tds:GetCapabilities",
        "tds:GetServices",
        "tds:GetHostname",
        "tds:GetWsdlUrl",
        "tds:GetEndpointReference",
    }
    async with served() as server:
        for name in before:
            inner = "<tds:IncludeCapability>false</tds:IncludeCapability>"
            body = f"<{name}>{inner if name.endswith('Services') else ''}</{name}>"
            assert (await status_of(server, "", body))[0] == 200


async def test_wrong_password_and_unknown_user() -> None:
    async with served() as server:
        for user, password in (("admin", "no"), ("nobody", server.state.password), ("", "")):
            header = security_header(user, password)
            assert await status_of(server, header) == (401, "ter:NotAuthorized")
        with pytest.raises(onvif.ONVIFError, match="refused"):
            await with_zeep(
                server, lambda camera: camera.devicemgmt.GetDeviceInformation(), password="no"
            )


async def test_a_token_is_good_only_once() -> None:
    async with served() as server:
        header = security_header("admin", server.state.password)
        assert (await status_of(server, header))[0] == 200
        assert (await status_of(server, header))[0] == 401


@pytest.mark.parametrize(("age", "status"), [(0, 200), (290, 200), (-290, 200), (310, 401)])
async def test_a_token_ages_on_the_cameras_clock(age: float, status: int) -> None:
    clock = VirtualTime(1_600_000_000)
    async with served(clock=clock) as server:
        header = security_header("admin", server.state.password, instant(clock.now() - age))
        assert (await status_of(server, header))[0] == status


async def test_a_client_that_asks_the_time_first_is_not_locked_out() -> None:
    async with served(clock=CameraClock(SystemTime(), -86_400.0 * 900)) as server:

        def use(camera: onvif.ONVIFCamera) -> str:
            return camera.devicemgmt.GetDeviceInformation().Manufacturer

        assert await with_zeep(server, use, adjust_time=True) == "Tantou"
        with pytest.raises(onvif.ONVIFError, match="too long ago or in the future"):
            await with_zeep(server, use)


async def test_neither_is_one_where_local_time_is_told_as_utc() -> None:
    async with served("local-time-as-utc") as server:

        def use(camera: onvif.ONVIFCamera) -> str:
            return camera.devicemgmt.GetDeviceInformation().Manufacturer

        assert await with_zeep(server, use, adjust_time=True) == "Tantou"


async def test_plain_text_passwords() -> None:
    async with served() as server:
        header = re.sub(
            r"<wsse:Password .*</wsse:Password>",
            f"<wsse:Password>{server.state.password}</wsse:Password>",
            security_header("admin", "unused"),
        )
        assert (await status_of(server, header))[0] == 200
        wrong = header.replace(server.state.password, "wrong")
        assert (await status_of(server, wrong))[0] == 401


@pytest.mark.parametrize("field", ["Nonce", "Created"])
async def test_tokens_that_make_no_sense(field: str) -> None:
    async with served() as server:
        header = security_header("admin", server.state.password)
        broken = re.sub(rf"(:{field}>)[^<]+<", r"\1*<", header)
        assert await status_of(server, broken) == (401, "ter:NotAuthorized")


def digest_post(server: OnvifServer, password: str) -> requests.Response:
    """By the digest of the requests library."""
    state = server.state
    with requests.Session() as session:
        session.trust_env = False
        return session.post(
            f"http://{state.address}:{state.ports['http']}/onvif/device_service",
            data=envelope(INFORMATION),
            auth=requests.auth.HTTPDigestAuth(state.user, password),
            timeout=5,
        )


async def test_http_digest() -> None:
    async with served() as server:
        good = await asyncio.to_thread(digest_post, server, server.state.password)
        assert (good.status_code, b"Tantou" in good.content) == (200, True)
        bad = await asyncio.to_thread(digest_post, server, "wrong")
        assert bad.status_code == 401


async def test_an_old_nonce_is_stale() -> None:
    clock = VirtualTime()
    async with served(clock=clock) as server:

        def work() -> tuple[int, list[str]]:
            state = server.state
            auth = requests.auth.HTTPDigestAuth(state.user, state.password)
            url = f"http://{state.address}:{state.ports['http']}/onvif/device_service"
            with requests.Session() as session:
                session.trust_env = False
                session.post(url, data=envelope(INFORMATION), auth=auth, timeout=5)
                clock.advance(400)
                answer = session.post(url, data=envelope(INFORMATION), auth=auth, timeout=5)
            return answer.status_code, [one.headers["WWW-Authenticate"] for one in answer.history]

        status, challenges = await asyncio.to_thread(work)
        assert status == 200
        assert "stale=true" in challenges[0]


async def test_variants_of_authentication() -> None:
    async with served("wsse-only") as server:
        status, headers, _ = await post(server, envelope(INFORMATION))
        assert (status, headers.getall("WWW-Authenticate", [])) == (400, [])
        await call(server, INFORMATION)
    async with served("http-digest-only") as server:
        header = security_header("admin", server.state.password)
        assert (await status_of(server, header))[0] == 401
        good = await asyncio.to_thread(digest_post, server, server.state.password)
        assert good.status_code == 200


async def test_an_open_device_asks_for_nothing() -> None:
    async with served("onvif-anonymous") as server:
        assert (await status_of(server, ""))[0] == 200
        assert (await status_of(server, security_header("x", "y")))[0] == 200


async def test_levels_of_users() -> None:
    async with served() as server:
        users = "".join(
            f"<tds:User><tt:Username>{level}</tt:Username><tt:Password>p-{level}</tt:Password>"
            f"<tt:UserLevel>{level}</tt:UserLevel></tds:User>"
            for level in ("Operator", "User")
        )
        await call(server, f"<tds:CreateUsers>{users}</tds:CreateUsers>")
        home = "<tptz:GotoHomePosition><tptz:ProfileToken>profile_main</tptz:ProfileToken>"
        home += "</tptz:GotoHomePosition>"
        expected = {
            "User": (200, 401, 401),
            "Operator": (200, 200, 401),
        }
        for level, statuses in expected.items():
            for body, status in zip((INFORMATION, home, "<tds:GetUsers/>"), statuses, strict=True):
                header = security_header(level, f"p-{level}")
                assert (await status_of(server, header, body))[0] == status, (level, body)


async def test_an_account_is_locked_for_a_minute() -> None:
    clock = VirtualTime(1_600_000_000)
    async with served("locks-after-5", clock=clock) as server:

        async def attempt(password: str, user: str = "admin") -> tuple[int, str]:
            return await status_of(server, security_header(user, password, instant(clock.now())))

        right = server.state.password
        for _ in range(4):
            assert (await attempt("wrong"))[0] == 401
        assert (await attempt(right))[0] == 200
        for _ in range(5):
            assert (await attempt("wrong"))[0] == 401
        assert await attempt(right) == (403, "ter:NotAuthorized")
        assert (await attempt("x", "other"))[0] == 401
        clock.advance(59)
        assert (await attempt(right))[0] == 403
        clock.advance(1.1)
        assert (await attempt(right))[0] == 200


async def test_without_that_variant_wrong_passwords_lock_nobody_out() -> None:
    async with served() as server:
        for _ in range(8):
            assert (await status_of(server, security_header("admin", "wrong")))[0] == 401
        assert (await status_of(server, security_header("admin", server.state.password)))[0] == 200
