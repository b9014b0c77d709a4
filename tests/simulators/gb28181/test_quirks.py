from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from protocols.errors import ProtocolError
from protocols.sip.endpoint import Peer, SipEndpoint
from simulators import certificates
from simulators.behaviours import registry
from simulators.camera.gb28181 import markup
from simulators.camera.gb28181.quirk_page import PAGE, page
from tests.simulators.gb28181.bench import DEVICE, registered
from tests.simulators.gb28181.test_sessions import SSRC, Receiver


def test_page_is_up_to_date_and_whole() -> None:
    text = page()
    assert PAGE.read_text(encoding="utf-8") == text
    numbers = [int(one) for one in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    assert numbers == list(range(1, 50))
    quirks = [one for one in registry().values() if one.name.startswith("quirk-")]
    assert all(one.seen for one in quirks)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("quirk-01-answers-another-y", "other-y"),
        ("quirk-02-no-y-in-answer", "no-y"),
        ("quirk-03-rtp-ssrc-differs-from-both", "other-ssrc"),
        ("quirk-05-empty-address-in-answer", "no-address"),
        ("quirk-07-password-lines-in-answer", "password"),
        ("quirk-08-unknown-payload-type", "type"),
        ("quirk-12-pts-wraps", "wrap"),
    ],
)
async def test_answers_and_packets(name: str, expected: str) -> None:
    async with registered(name) as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            await receiver.invite()
            await receiver.gather(5)
            first = receiver.packets[0][1]
            sent = int.from_bytes(first[8:12], "big")
            answer = receiver.answer
            found = {
                "other-y": answer.ssrc == sent != SSRC,
                "no-y": answer.ssrc is None,
                "other-ssrc": answer.ssrc == SSRC != sent,
                "no-address": not answer.address,
                "password": "sdp-password" in {one.code for one in answer.deviations},
                "type": first[1] & 0x7F == 126,
                "wrap": int.from_bytes(first[4:8], "big") > (1 << 32) - 200_000,
            }
            assert found[expected]
        finally:
            await receiver.close()


@pytest.mark.parametrize(
    "name",
    ["quirk-14-unescaped-ampersand", "quirk-44-control-character-in-address"],
)
async def test_broken_xml(name: str) -> None:
    async with registered(name) as (registrar, _device):
        seen: list[Any] = []

        def keep(incoming: Any) -> None:
            seen.append(incoming.request.body)
            incoming.respond(200)

        await registrar.tell("Query", "DeviceInfo")
        registrar.endpoint._on_request = keep
        await registrar.tell("Query", "Catalog")
        async with asyncio.timeout(5):
            while not any(b"Catalog" in one for one in seen):
                await asyncio.sleep(0.01)
        with pytest.raises(ProtocolError):
            markup.read(next(one for one in seen if b"Catalog" in one))


@pytest.mark.parametrize(
    "name",
    [
        "quirk-15-parental-65535-status-online",
        "quirk-20-answers-at-once",
        "quirk-32-keepalives-from-another-port",
        "quirk-33-private-contact",
        "quirk-40-constant-cseq",
        "quirk-47-one-item-a-message",
    ],
)
async def test_unusual_but_understood(name: str) -> None:
    async with registered(name) as (registrar, _device):
        await registrar.until(lambda: len(registrar.of("Keepalive")) >= 2)
        sn = await registrar.tell("Query", "Catalog")

        def complete() -> bool:
            pages = [one for one in registrar.of("Catalog") if one.sn == sn]
            return sum(1 for page in pages for _ in page.root.iter("Item")) == 6

        await registrar.until(complete)


@pytest.mark.parametrize(
    ("name", "obeyed"), [("", False), ("tampered-accepted", True), ("replay-accepted", False)]
)
async def test_orders_in_clear_beside_tls(name: str, obeyed: bool) -> None:
    behaviours = [one for one in (name,) if one]
    async with registered_over_tls(*behaviours) as (registrar, device):
        answer = await registrar.ask("DeviceStatus")
        assert answer.text("Result") == "OK"
        heard: list[markup.Order] = []

        def hear(incoming: Any) -> None:
            heard.append(markup.read(incoming.request.body))
            incoming.respond(200)

        async with SipEndpoint("127.64.98.2", 0, on_request=hear) as other:
            body = markup.write("Query", "DeviceStatus", "5", DEVICE, [], markup.Writing())
            target = Peer("udp", device.state.address, device.wire.endpoint.port)
            request = other.new_request(
                "MESSAGE",
                f"sip:{DEVICE}@{target.host}:{target.port}",
                from_=f"<sip:61010000002000000001@{other.address}>",
                to=f"<sip:{DEVICE}@6101000000>",
                content_type=markup.CONTENT_TYPE,
                body=body,
            )
            status = (await other.request(request, target, timeout=3)).status
            assert (status == 200) is obeyed
            if obeyed:
                async with asyncio.timeout(3):
                    while not heard:
                        await asyncio.sleep(0.01)


async def test_replay_is_obeyed_by_the_careless() -> None:
    async with registered_over_tls("replay-accepted") as (registrar, device):
        body = markup.write("Query", "DeviceStatus", "9", DEVICE, [], markup.Writing())
        assert (await registrar.send("MESSAGE", DEVICE, body, call_id="again")).status == 200
        async with SipEndpoint("127.64.98.3", 0, on_request=lambda one: one.respond(200)) as other:
            target = Peer("udp", device.state.address, device.wire.endpoint.port)
            request = other.new_request(
                "MESSAGE",
                f"sip:{DEVICE}@{target.host}:{target.port}",
                from_=f"<sip:61010000002000000001@{other.address}>",
                to=f"<sip:{DEVICE}@6101000000>",
                call_id="again",
                body=body,
            )
            assert (await other.request(request, target, timeout=3)).status == 200


@pytest.mark.parametrize(("name", "accepted"), [("", False), ("certificate-not-checked", True)])
async def test_foreign_certificate(name: str, accepted: bool) -> None:
    behaviours = ["certificate-not-checked-by-camera"] if name else []
    async with registered_over_tls(*behaviours, trusts=False, wait=False) as (registrar, _device):
        if accepted:
            await registrar.until(lambda: registrar.peer)
        else:
            await asyncio.sleep(0.8)
            assert not registrar.requests


def registered_over_tls(*behaviours: str, trusts: bool = True, wait: bool = True) -> Any:
    return registered(
        *behaviours,
        wait=wait,
        tls=True,
        transport="tls",
        ca_file=str(certificates.authority_file()) if trusts else "",
    )
