"""What is bad: requests that the server must survive, and answers that it gives on purpose."""

from __future__ import annotations

import asyncio
import re
import ssl
import time

import aiohttp
import pytest
import requests
from lxml import etree

from protocols.time_source import VirtualTime
from simulators.behaviours import registry
from simulators.camera.onvif.hostility import SLOW_S
from simulators.camera.onvif_server import LARGEST_REQUEST, OnvifServer
from simulators.certificates import authority_file
from tests.simulators.onvif_bench import (
    call,
    envelope,
    found,
    new_state,
    post,
    security_header,
    served,
    with_zeep,
)

TIME = "<tds:GetSystemDateAndTime/>"
DEEP = "<tds:GetHostname>" + "<a>" * 40 + "</a>" * 40 + "</tds:GetHostname>"
DTD = '<!DOCTYPE x [<!ENTITY a "b">]>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not well-formed"),
        (b"\x00\xff not xml", "not well-formed"),
        (b"<a/>", "not a SOAP envelope"),
        (envelope("").encode(), "SOAP body is empty"),
        (envelope("<tds:NoSuchThing/>").encode(), "not supported"),
        (envelope('<q xmlns="urn:other"/>').encode(), "not supported"),
        (envelope(DEEP).encode(), "nested too deeply"),
        ((DTD + envelope("<tds:GetHostname>&a;</tds:GetHostname>")).encode(), "refused"),
        (b'<?xml version="1.0" encoding="utf-77"?><a/>', "not well-formed|refused"),
        (
            envelope(
                "<tds:GetServices><tds:IncludeCapability>x</tds:IncludeCapability>"
                "</tds:GetServices>"
            ).encode(),
            "not a boolean",
        ),
    ],
    ids=range(10),
)
async def test_bad_requests_end_in_a_fault(data: bytes, reason: str) -> None:
    async with served() as server:
        status, _, answer = await post(server, data)
        assert status in (400, 500)
        (text,) = found(etree.fromstring(answer), "//s:Reason/s:Text")
        assert re.search(reason, text.text)
        await call(server, TIME)


async def test_large_bodies_are_refused() -> None:
    async with served() as server:
        status, _, _ = await post(server, b" " * (LARGEST_REQUEST + 1))
        assert status == 413

        async def pieces():
            for _ in range(20):
                yield b" " * 8192

        try:
            status, _, _ = await post(server, pieces())
            assert status == 413
        except aiohttp.ClientConnectionError:
            pass  # The server may close before all has been sent.
        await call(server, TIME)


async def test_soap_1_1_is_answered_in_kind() -> None:
    async with served() as server:
        answer = await call(server, TIME, version=11)
        assert answer.tag.endswith("GetSystemDateAndTimeResponse")
        status, headers, data = await post(server, envelope("<tds:NoSuchThing/>", version=11))
        assert status == 500
        assert headers["Content-Type"].startswith("text/xml")
        (code,) = etree.fromstring(data).xpath("//faultcode")
        assert code.text == "ter:ActionNotSupported"


async def test_addressing_headers_are_related() -> None:
    async with served() as server:
        header = (
            "<wsa:MessageID>urn:uuid:1</wsa:MessageID>"
            "<wsa:Action>http://www.onvif.org/ver10/device/wsdl/GetHostname</wsa:Action>"
        )
        _, _, data = await post(server, envelope("<tds:GetHostname/>", header))
        root = etree.fromstring(data)
        assert found(root, "s:Header/wsa:RelatesTo")[0].text == "urn:uuid:1"
        assert found(root, "s:Header/wsa:Action")[0].text.endswith("/GetHostnameResponse")


async def test_prefixes_are_free() -> None:
    async with served("other-xml-prefixes") as server:
        header = security_header("admin", server.state.password)
        body = "<tev:GetEventProperties/>"
        _, _, data = await post(server, envelope(body, header))
        assert b"tt:" not in data
        assert b"<s:" not in data
        await call(server, body)
        information = await with_zeep(
            server, lambda camera: camera.devicemgmt.GetDeviceInformation()
        )
        assert information.Manufacturer == "Tantou"


async def test_verbose_faults() -> None:
    async with served("soap-faults-verbose") as server:
        _, _, data = await post(server, envelope("<tds:GetDeviceInformation/>"))
        fault = found(etree.fromstring(data), "//s:Fault")[0]
        assert [child.tag.rpartition("}")[2] for child in fault] == [
            "Code",
            "Reason",
            "Node",
            "Role",
            "Detail",
        ]


async def test_slow_answers_are_slow() -> None:
    async with served("slow-answers") as server:
        started = time.monotonic()
        await call(server, TIME)
        assert time.monotonic() - started >= SLOW_S


async def test_garbage() -> None:
    async with served("onvif-garbage") as server:
        status, _, data = await post(server, envelope(TIME))
        assert status == 200
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(data)


async def test_entity_bomb() -> None:
    async with served("onvif-entity-bomb") as server:
        _, _, data = await post(server, envelope(TIME))
        assert data.count(b"<!ENTITY") == 10
        assert len(data) < 4096


async def test_endless_xml() -> None:
    async with served("onvif-endless-xml") as server:
        state = server.state
        reader, writer = await asyncio.open_connection(state.address, state.ports["http"])
        writer.write(b"POST /onvif/device_service HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        read = 0
        while read < 1_000_000:
            data = await asyncio.wait_for(reader.read(65_536), 5)
            assert data
            read += len(data)
        writer.close()


async def test_wrong_length() -> None:
    async with served("onvif-wrong-length") as server:
        with pytest.raises(aiohttp.ClientPayloadError):
            await post(server, envelope(TIME))


async def test_stalls() -> None:
    async with served("onvif-stalls") as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await post(server, envelope(TIME))


async def test_refuses_from_the_start_and_at_run_time() -> None:
    async with served() as server:
        server.state.switch(on=["onvif-refuses"])
        with pytest.raises(aiohttp.ClientConnectionError):
            await post(server, envelope(TIME))
        server.state.switch(off=["onvif-refuses"])
        await call(server, TIME)
    state = new_state("onvif-refuses")
    state.ports["http"] = 8080
    closed = OnvifServer(state)
    await closed.start()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(state.address, 8080)
    await closed.stop()


async def test_ports_follow_behaviours_switched_at_run_time() -> None:
    async with served() as server:
        state = server.state
        state.switch(on=["onvif-refuses"])
        await server.apply()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(state.address, state.ports["http"])
        state.switch(on=["certificate-wrong-host"], off=["onvif-refuses"])
        await server.apply()
        await call(server, TIME)
        context = ssl.create_default_context(cafile=str(authority_file()))
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            await asyncio.open_connection(state.address, state.ports["https"], ssl=context)
        state.switch(off=["certificate-wrong-host"])
        await server.apply()
        _, writer = await asyncio.open_connection(state.address, state.ports["https"], ssl=context)
        writer.close()


async def test_https_with_the_cameras_certificate() -> None:
    async with served() as server:
        state = server.state
        context = ssl.create_default_context(cafile=str(authority_file()))
        url = f"https://{state.address}:{state.ports['https']}/onvif/device_service"
        body = envelope(
            "<tds:GetServices><tds:IncludeCapability>0</tds:IncludeCapability></tds:GetServices>"
        )
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, ssl=context) as answer,
        ):
            root = etree.fromstring(await answer.read())
        addresses = [item.text for item in found(root, "//tds:XAddr")]
        assert all(one.startswith(f"https://{state.address}:") for one in addresses)


async def test_an_expired_certificate() -> None:
    async with served("certificate-expired") as server:
        state = server.state
        context = ssl.create_default_context(cafile=str(authority_file()))
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            await asyncio.open_connection(state.address, state.ports["https"], ssl=context)


async def test_other_paths_and_methods() -> None:
    async with served() as server:
        base = f"http://{server.state.address}:{server.state.ports['http']}"
        async with aiohttp.ClientSession() as session:
            for path, status in (
                ("/", 200),
                ("/nothing", 404),
                ("/onvif/device_service", 405),
                ("/snapshot.jpg", 401),
            ):
                async with session.get(base + path) as answer:
                    assert answer.status == status
                    assert "Date" in answer.headers


async def test_the_date_header_is_the_cameras_clock() -> None:
    async with served(clock=VirtualTime(1_000_000_000.9)) as server:
        _, headers, _ = await post(server, envelope(TIME))
        assert headers["Date"] == "Sun, 09 Sep 2001 01:46:40 GMT"


async def test_a_snapshot_by_digest() -> None:
    async with served() as server:
        state = server.state
        url = f"http://{state.address}:{state.ports['http']}/snapshot.jpg"

        def fetch(password: str) -> requests.Response:
            with requests.Session() as session:
                session.trust_env = False
                auth = requests.auth.HTTPDigestAuth(state.user, password)
                return session.get(url, auth=auth, timeout=30)

        good = await asyncio.to_thread(fetch, state.password)
        assert good.status_code == 200
        assert good.headers["Content-Type"] == "image/jpeg"
        assert good.content[:2] == b"\xff\xd8"
        assert (await asyncio.to_thread(fetch, "wrong")).status_code == 401


def test_every_behaviour_says_what_it_does() -> None:
    for name in ("onvif-garbage", "no-light", "media2-only", "certificate-expired"):
        assert registry()[name].sentence.endswith(".")
