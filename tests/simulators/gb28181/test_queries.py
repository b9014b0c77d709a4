from __future__ import annotations

import time

import pytest

from simulators.camera.gb28181.markup import date_time, read_date_time
from tests.simulators.gb28181.bench import DEVICE, Registrar, e, registered


async def whole_catalog(registrar: Registrar, device: str = DEVICE) -> tuple[int, list[str]]:
    sn = await registrar.tell("Query", "Catalog", device)

    def items() -> list[str] | None:
        pages = [one for one in registrar.of("Catalog") if one.sn == sn]
        found = [item.findtext("DeviceID") for page in pages for item in page.root.iter("Item")]
        total = int(pages[0].text("SumNum")) if pages else -1
        return found if len(found) == total else None  # type: ignore[return-value]

    found = await registrar.until(items)
    pages = [one for one in registrar.of("Catalog") if one.sn == sn]
    return len(pages), found


async def test_catalog_comes_in_pages_that_fit_a_datagram() -> None:
    async with registered() as (registrar, _device):
        pages, found = await whole_catalog(registrar)
        assert pages > 1
        assert found[0] == DEVICE
        assert [one[10:13] for one in found] == ["132", "131", "134", "135", "136", "137"]
        assert max(len(one.request.body) for one in registrar.requests) < 1300


async def test_recorder() -> None:
    async with registered("gb-nvr-64") as (registrar, _device):
        pages, found = await whole_catalog(registrar)
        assert len(found) == 69
        assert pages > 10


async def test_status_tells_the_camera_clock() -> None:
    async with registered() as (registrar, device):
        answer = await registrar.ask("DeviceStatus")
        told = read_date_time(answer.text("DeviceTime"))
        assert told is not None
        assert abs(told - device.state.clock.now()) < 2
        assert answer.text("Online") == "ONLINE"


async def test_configuration_and_presets() -> None:
    async with registered() as (registrar, _device):
        answer = await registrar.ask("ConfigDownload", DEVICE, e("ConfigType", "BasicParam"))
        assert answer.text("BasicParam", "Expiration") == "3600"
        answer = await registrar.ask("PresetQuery")
        assert answer.root.find("PresetList").get("Num") == "0"  # type: ignore[union-attr]


async def test_records() -> None:
    now = time.time()
    span = (e("StartTime", date_time(now - 7200)), e("EndTime", date_time(now)))
    async with registered() as (registrar, device):
        answer = await registrar.ask("RecordInfo", DEVICE, *span, e("Type", "all"))
        assert 3 <= int(answer.text("SumNum")) <= 5
        start = answer.root.find("RecordList/Item/StartTime").text  # type: ignore[union-attr]
        device.state.behaviours.add("record-times-shifted")
        answer = await registrar.ask("RecordInfo", DEVICE, *span, e("Type", "all"))
        shifted = answer.root.find("RecordList/Item/StartTime").text  # type: ignore[union-attr]
        assert read_date_time(shifted or "") == read_date_time(start or "") - 28_800  # type: ignore


@pytest.mark.parametrize("name", ["catalog-page-lost", "sumnum-wrong"])
async def test_incomplete_catalog(name: str) -> None:
    async with registered(name) as (registrar, _device):
        sn = await registrar.tell("Query", "Catalog")

        def complete() -> bool:
            pages = [one for one in registrar.of("Catalog") if one.sn == sn]
            count = sum(1 for page in pages for _ in page.root.iter("Item"))
            return bool(pages) and count == int(pages[0].text("SumNum"))

        with pytest.raises(TimeoutError):
            await registrar.until(complete, 1.0)


async def test_other_defects_of_answers() -> None:
    async with registered("sn-not-echoed", "no-device-time") as (registrar, _device):
        sn = await registrar.tell("Query", "DeviceStatus")
        await registrar.until(lambda: registrar.of("DeviceStatus"))
        assert registrar.of("DeviceStatus")[0].sn != sn
        assert not registrar.of("DeviceStatus")[0].text("DeviceTime")
    async with registered("utf8-declared-gb2312") as (registrar, _device):
        await registrar.tell("Query", "Catalog")
        await registrar.until(lambda: registrar.of("Catalog"))
        body = registrar.requests[-1].request.body
        assert b"GB2312" in body
        assert "通道".encode() in body or "摄像机".encode() in body


async def test_orders_from_elsewhere_are_refused() -> None:
    async with registered() as (registrar, _device):
        assert registrar.peer is not None
        other = Registrar("127.64.99.7")
        await other.endpoint.start()
        try:
            other.peer = registrar.peer
            answer = await other.send("MESSAGE", DEVICE, b"<Query/>")
            assert answer.status == 403
        finally:
            await other.endpoint.stop()
