"""Catalogues: items, judgement by kind and edition, paging, assembly."""

import dataclasses
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.gb28181 import assembly, catalog
from protocols.gb28181.catalog import CatalogItem, build_catalog, read_catalog, split_catalog
from protocols.gb28181.catalog_judgement import kind_of
from protocols.gb28181.manscdp import parse_manscdp
from protocols.gb28181.typed import judge_message

SYSTEM = "34020000002000000001"
DEVICE = "34020000001320000001"
ITEM = CatalogItem(
    DEVICE,
    "北门",
    "厂商",
    "IPC-1",
    "所有者",
    "610102",
    address="西安市 & <1>",
    parental=0,
    parent_id=f"{SYSTEM}/34020000002160000001",
    safety_way=0,
    register_way=1,
    secrecy=0,
    ip_address="192.0.2.1",
    port=5060,
    status="ON",
    longitude=108.9398,
    latitude=34.3416,
    ptz_type=3,
    room_type=1,
    supply_light_type=3,
    resolution="5/6",
    download_speed="1/2/4",
)


def page(*items, edition="2016", **more):
    return read_catalog(parse_manscdp(build_catalog(SYSTEM, 3, items, **more)), edition=edition)


def told(*items, **more) -> set[tuple[str, str]]:
    return {(one.code, one.detail) for one in page(*items, **more).deviations}


def test_an_item_comes_back_whole():
    read = page(ITEM)
    assert read.items == (ITEM,)
    assert read.deviations == ()
    assert (read.sn, read.sum_num, read.num, read.device) == (3, 1, 1, SYSTEM)
    assert ITEM.parents == (SYSTEM, "34020000002160000001")


@pytest.mark.parametrize(
    "item",
    [
        CatalogItem("6101", "西安市"),
        CatalogItem(SYSTEM, "平台", "M", "P", "O", "61", address="A", register_way=1, secrecy=0),
        CatalogItem("34020000002150000001", "分组", parent_id=SYSTEM),
        CatalogItem("34020000002160000001", "组织", business_group_id="34020000002150000001"),
        CatalogItem("34020000002160000001", "组织", info_business_group_id="34020000002150000001"),
    ],
    ids=lambda item: item.name,
)
def test_the_fixed_shapes_of_annex_o_are_right(item):
    assert page(item).deviations == ()


@pytest.mark.parametrize(
    ("field", "element"),
    [
        ("name", "Name"),
        ("manufacturer", "Manufacturer"),
        ("model", "Model"),
        ("owner", "Owner"),
        ("civil_code", "CivilCode"),
        ("address", "Address"),
        ("parental", "Parental"),
        ("parent_id", "ParentID"),
        ("register_way", "RegisterWay"),
        ("secrecy", "Secrecy"),
        ("status", "Status"),
    ],
)
def test_a_missing_mandatory_field_is_told(field, element):
    empty = None if getattr(ITEM, field) in (0, 1) else ""
    item = dataclasses.replace(ITEM, **{field: empty})
    assert told(item) == {("item-field-missing", f"device: {element}")}


def test_the_editions_differ():
    item = dataclasses.replace(ITEM, owner="", ptz_type=6)
    assert ("item-field-missing", "device: Owner") in told(item)
    assert ("value", "PTZType=6") in told(item)
    assert told(item, edition="2022") == {("item-field-missing", "device: Info/GrassrootsCode")}


@pytest.mark.parametrize(
    ("changes", "code", "detail"),
    [
        ({"parental": 65535}, "value", "Parental=65535"),
        ({"civil_code": "6101021"}, "value", "CivilCode=6101021"),
        ({"parent_id": "3402000000"}, "item-parent", "3402000000"),
        ({"device_id": "340200000013200000"}, "identifier-rule-b", "340200000013200000"),
        ({"device_id": "abc"}, "identifier-form", "abc"),
        ({"longitude": 181.0}, "value", "Longitude=181.0"),
        ({"register_way": 9}, "value", "RegisterWay=9"),
        ({"supply_light_type": 0}, "value", "SupplyLightType=0"),
        ({"port": 70000}, "value", "Port=70000"),
    ],
)
def test_values_outside_the_tables_are_told(changes, code, detail):
    assert (code, detail) in told(dataclasses.replace(ITEM, **changes))


@pytest.mark.parametrize(
    ("written", "meant"), [("ONLINE", "ON"), ("OK", "ON"), ("OFFLINE", "OFF"), ("on", "ON")]
)
def test_other_spellings_of_status_are_mapped_and_told(written, meant):
    read = page(dataclasses.replace(ITEM, status=written))
    assert read.items[0].status == meant
    assert {(one.code, one.detail) for one in read.deviations} == {("value", f"Status={written}")}


def test_a_password_is_told_and_never_kept():
    read = page(dataclasses.replace(ITEM, password="s3cret"))
    assert ("item-password", DEVICE) in {(one.code, one.detail) for one in read.deviations}
    assert "s3cret" not in repr(read)
    assert read.items[0].password == "***"


def test_counts_are_judged():
    other = dataclasses.replace(ITEM, device_id="34020000001320000002")
    assert ("list-number", "DeviceList Num=3, 1") in told(ITEM, num=3)
    assert ("list-beyond-sum", "SumNum=1, 2") in told(ITEM, other, sum_num=1)
    assert ("item-twice", "DeviceID") in told(ITEM, ITEM)
    assert told() == set()
    body = build_catalog(SYSTEM, 1, (), sum_num=0)
    assert b"DeviceList" not in body
    listed = body.replace(b"</SumNum>", b'</SumNum><DeviceList Num="0"/>')
    found = read_catalog(parse_manscdp(listed)).deviations
    assert [one.code for one in found] == ["list-of-none"]


def test_notifications_carry_events():
    off = CatalogItem(DEVICE, event="OFF")
    read = page(off, dataclasses.replace(ITEM, event="ADD", device_id=DEVICE[:-1] + "2"))
    assert [one.event for one in read.items] == ["OFF", "ADD"]
    body = build_catalog(SYSTEM, 1, [off], kind="Notify", sum_num=4)
    assert "notify-sum" in [one.code for one in read_catalog(parse_manscdp(body)).deviations]


def test_the_field_order_is_that_of_the_schema():
    body = build_catalog(SYSTEM, 1, [ITEM]).decode("gb2312")
    order = ["<DeviceID>340200000013", "<Name>", "<Owner>", "<ParentID>", "<Status>", "<Info>"]
    places = [body.index(one) for one in order]
    assert places == sorted(places)


def items(count: int) -> list[CatalogItem]:
    return [dataclasses.replace(ITEM, device_id=f"3402000000132{i:07d}") for i in range(count)]


def test_pages_come_together_in_any_order_and_repeated():
    wanted = items(95)
    bodies = list(split_catalog(SYSTEM, 3, wanted, per_message=7))
    bodies += bodies[:2]
    random.Random(1).shuffle(bodies)
    taken = assembly.CatalogAssembly(3)
    for body in bodies:
        assert taken.add(read_catalog(parse_manscdp(body)))
    assert taken.complete
    assert {one.device_id for one in taken.items} == {one.device_id for one in wanted}
    assert taken.duplicates == 14
    assert [one.code for one in taken.deviations] == ["item-twice"]


def test_an_answer_of_another_exchange_is_not_taken():
    taken = assembly.CatalogAssembly(4)
    assert not taken.add(page(ITEM))
    assert not taken.complete
    empty = assembly.CatalogAssembly(3)
    assert empty.add(page())
    assert empty.complete


def test_an_assembly_is_bounded(monkeypatch):
    monkeypatch.setattr(assembly, "MAXIMUM_ITEMS", 20)
    taken = assembly.CatalogAssembly(3)
    for body in split_catalog(SYSTEM, 3, items(40), per_message=15):
        taken.add(read_catalog(parse_manscdp(body)))
    assert taken.received == 20
    assert not taken.complete
    assert "list-too-long" in [one.code for one in taken.deviations]


def test_a_changing_sum_is_told():
    taken = assembly.CatalogAssembly(3)
    first, second = items(2)
    taken.add(page(first, sum_num=3))
    taken.add(page(second, sum_num=2))
    assert ("sum-changes", "3 / 2") in {(one.code, one.detail) for one in taken.deviations}
    assert not taken.complete


def test_two_thousand_items_are_read_in_time():
    body = build_catalog(SYSTEM, 3, items(2000))
    begun = time.perf_counter()
    assert len(read_catalog(parse_manscdp(body)).items) == 2000
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("61", "region"),
        (SYSTEM, "system"),
        (DEVICE, "device"),
        ("3402000000", "unknown"),
        ("34020000002150000001", "group"),
        ("34020000002160000001", "organisation"),
    ],
)
def test_kinds(identifier, kind):
    assert kind_of(identifier) == kind


def test_every_attribute_of_an_item_is_read_and_written():
    values = {}
    for one in dataclasses.fields(CatalogItem):
        kind = str(one.type)
        values[one.name] = 1 if "int" in kind else 1.5 if "float" in kind else "1"
    item = CatalogItem(**values | {"device_id": DEVICE, "status": "ON", "event": "ADD"})
    read = page(item).items[0]
    assert read == dataclasses.replace(item, password="***")


@given(st.builds(CatalogItem, device_id=st.from_regex(r"[0-9]{20}", fullmatch=True)))
def test_items_come_back(item):
    assert page(item).items == (item,)


def test_a_query_has_times():
    body = catalog.build_catalog_query(SYSTEM, 1, start=1_700_000_000, end=1_700_000_001)
    message = parse_manscdp(body)
    assert message.text("StartTime") == "2023-11-15T06:13:20"
    assert judge_message(message) == ()
