"""Quirks that the harness never meets, or that change nothing it reports: that they are there."""

from __future__ import annotations

import asyncio
import time

import pytest

from protocols.gb28181.sdp import build_offer
from simulators.camera.gb28181 import markup, quirks
from simulators.camera.gb28181.markup import date_time
from tests.simulators.gb28181.bench import DEVICE, SERVER, Registrar, e, registered

CHANNEL = "61010000001310001101"


async def pages_of(registrar: Registrar, command: str, sn: str) -> list[markup.Order]:
    """All messages of a paged answer, in order of arrival."""

    def whole() -> list[markup.Order] | None:
        pages = [one for one in registrar.of(command) if one.sn == sn]
        found = sum(1 for page in pages for _ in page.root.iter("Item"))
        return pages if pages and found >= int(pages[0].text("SumNum") or 0) else None

    pages: list[markup.Order] = await registrar.until(whole)
    return pages


def span(hours: float) -> list[markup.Element]:
    """The conditions of a record query for the last hours."""
    now = time.time()
    return [e("StartTime", date_time(now - hours * 3600)), e("EndTime", date_time(now))]


@pytest.mark.parametrize(("name", "status"), [("", 200), (quirks.Y_MUST_BE_LAST, 415)])
async def test_attributes_behind_y_are_refused(name: str, status: int) -> None:
    async with registered(*[name] * bool(name)) as (registrar, _device):
        body = build_offer(owner=SERVER, address="127.0.0.1", port=9, ssrc=1, formats=["PS"])
        body += b"a=streamnumber:0\r\n"
        answer = await registrar.send("INVITE", CHANNEL, body)
        assert answer.status == status


async def test_the_last_message_of_an_answer_comes_first() -> None:
    async with registered(quirks.AT_ONCE) as (registrar, _device):
        pages = await pages_of(registrar, "Catalog", await registrar.tell("Query", "Catalog"))
        first, *_, last = [page.root.find(".//Item/DeviceID").text for page in pages]  # type: ignore[union-attr]
        assert last == DEVICE != first


async def test_records_come_two_a_message_with_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quirks, "PAUSE_MIDWAY_S", 0.3)
    async with registered(quirks.TWO_A_MESSAGE) as (registrar, _device):
        begun = time.monotonic()
        sn = await registrar.tell("Query", "RecordInfo", CHANNEL, *span(4), e("Type", "all"))
        pages = await pages_of(registrar, "RecordInfo", sn)
        assert {len(list(page.root.iter("Item"))) for page in pages} <= {1, 2}
        assert time.monotonic() - begun >= 0.3


async def test_without_type_no_record_is_found() -> None:
    async with registered(quirks.WANTS_TYPE) as (registrar, _device):
        without = await registrar.ask("RecordInfo", CHANNEL, *span(4))
        with_type = await registrar.ask("RecordInfo", CHANNEL, *span(4), e("Type", "all"))
        assert without.text("SumNum") == "0"
        assert int(with_type.text("SumNum")) > 0


async def test_a_second_record_query_is_not_answered() -> None:
    async with registered(quirks.ONE_QUERY) as (registrar, _device):
        asked = [*span(4), e("Type", "all")]
        first, second = await asyncio.gather(
            *(registrar.tell("Query", "RecordInfo", CHANNEL, *asked) for _ in range(2))
        )
        await pages_of(registrar, "RecordInfo", first)
        assert {one.sn for one in registrar.of("RecordInfo")} == {first}
        third = await registrar.tell("Query", "RecordInfo", CHANNEL, *asked)
        await pages_of(registrar, "RecordInfo", third)
        assert second not in {one.sn for one in registrar.of("RecordInfo")}


async def test_keepalives_come_from_another_port_where_orders_are_heard() -> None:
    async with registered(quirks.PORT_CHANGES) as (registrar, device):
        await registrar.until(lambda: registrar.of("Keepalive"))
        beat = next(one for one in registrar.requests if b"Keepalive" in one.request.body)
        assert registrar.peer is not None
        assert beat.peer.port not in (registrar.peer.port, device.wire.endpoint.port)
        registrar.peer = beat.peer
        answer = await registrar.ask("DeviceStatus")
        assert answer.text("Result") == "OK"


@pytest.mark.parametrize(("name", "private"), [("", False), (quirks.PRIVATE_CONTACT, True)])
async def test_the_contact_is_private(name: str, private: bool) -> None:
    async with registered(*[name] * bool(name)) as (registrar, _device):
        contact = registrar.requests[0].request.headers.get("Contact") or ""
        assert ("@192.168." in contact) is private


@pytest.mark.parametrize(("name", "refused"), [("", False), (quirks.NO_LISTENER, True)])
async def test_nobody_listens_over_tcp(name: str, refused: bool) -> None:
    async with registered(*[name] * bool(name), transport="tcp") as (registrar, device):
        assert (await registrar.ask("DeviceStatus")).text("Result") == "OK"
        port = device.wire.endpoint.port
        try:
            _, writer = await asyncio.open_connection(device.state.address, port)
        except ConnectionRefusedError:
            assert refused
        else:
            assert not refused
            writer.close()
            await writer.wait_closed()


async def test_every_message_has_the_same_number() -> None:
    async with registered(quirks.CONSTANT_CSEQ) as (registrar, _device):
        await registrar.until(lambda: len(registrar.of("Keepalive")) >= 3)
        said = [one.request for one in registrar.requests if one.request.method == "MESSAGE"]
        assert {one.headers.get("CSeq") for one in said} == {"20 MESSAGE"}
        assert len({one.headers.get("Call-ID") for one in said}) >= 3


@pytest.mark.parametrize(("name", "answered"), [("", True), (quirks.NEEDS_ALGORITHM, False)])
async def test_a_challenge_without_algorithm(name: str, answered: bool) -> None:
    async with registered(*[name] * bool(name), wait=False) as (registrar, _device):
        registrar.challenge = 'Digest realm="6101000000", nonce="{}"'
        await registrar.until(lambda: registrar.count("REGISTER") >= 2)
        with_credentials = [
            one for one in registrar.requests if "Authorization" in one.request.headers
        ]
        assert bool(with_credentials) is answered


@pytest.mark.parametrize(
    ("name", "trying", "status"),
    [
        ("", True, 200),
        (quirks.TRYING_MISUNDERSTOOD, False, 200),
        (quirks.TRYING_MISUNDERSTOOD, True, 403),
    ],
)
async def test_catalog_after_a_100_to_register(name: str, trying: bool, status: int) -> None:
    async with registered(*[name] * bool(name), wait=False) as (registrar, _device):
        registrar.trying = trying
        await registrar.until(lambda: registrar.peer)
        body = markup.write("Query", "Catalog", "1", DEVICE, [], markup.Writing())
        assert (await registrar.send("MESSAGE", DEVICE, body)).status == status


async def test_the_catalog_comes_item_by_item() -> None:
    async with registered(quirks.ONE_A_MESSAGE) as (registrar, _device):
        pages = await pages_of(registrar, "Catalog", await registrar.tell("Query", "Catalog"))
        assert [page.root.find("DeviceList").get("Num") for page in pages] == ["1"] * 6  # type: ignore[union-attr]
