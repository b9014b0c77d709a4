"""The platform as a device of an upper one: the harness's own upper platform is the peer."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from protocols.gb28181.catalog import build_catalog, read_catalog
from protocols.gb28181.manscdp import parse_manscdp
from protocols.gb28181.mansrtsp import seek
from protocols.gb28181.ptz import move, preset, stop
from protocols.gb28181.times import format_time
from protocols.gb28181.typed import judge_message as judge_manscdp
from protocols.mpeg_ps.demultiplex import demultiplex
from protocols.pcap import read_capture
from protocols.rtp_stream import payload_of_packets, read_packets
from protocols.sip.conformance import judge_message
from protocols.sip.message import parse_message
from reference_platform.signalling.cascade.desk import order_of
from reference_platform.signalling.cascade.tree import Leaf, Node, share_of
from reference_platform.signalling.steering import Lens, Move, PresetOrder, SwitchOrder, ptz_command
from simulators import certificates
from simulators.camera.gb28181.head import Position
from targets.credentials import Secret
from targets.gb28181 import ServerSettings, UpperPlatform
from targets.gb28181.media_session import MediaOrder, MediaSession
from targets.gb28181.subscription import Subscription
from tests.loopback import fresh_addresses
from tests.reference_platform.signalling.bench import CAMERA, camera
from tests.reference_platform.signalling.test_in_platform import entered, until

OWN = "61010200002000000099"
UPPER_PASSWORD = "Upper-2026-secret"
_ADDRESSES = fresh_addresses("127.83")


@asynccontextmanager
async def upper_platform():
    address = next(_ADDRESSES)
    upper = UpperPlatform(
        ServerSettings(address, 0, tls_port=0),
        {OWN: Secret(UPPER_PASSWORD)}.get,
        server_tls=certificates.server_context(address),
        keepalive_seconds=1.0,
    )
    await upper.start()
    try:
        yield upper
    finally:
        await upper.stop()


async def linked(admin, upper, transport="tls", **more):
    """The link as the API shows it once it is online, and the platform as the upper one sees it."""
    body = {
        "name": "公安平台",
        "address": upper.settings.address,
        "port": upper.tls_port if transport == "tls" else upper.port,
        "transport": transport,
        "server_id": upper.settings.server_id,
        "device_id": OWN,
        "password": UPPER_PASSWORD,
        "authority": certificates.authority_file().read_text() if transport == "tls" else "",
        "organisations": ["root"],
        "ptz_level": 7,
        **more,
    }
    link = await admin.ok("POST", "/api/upper-platforms", body)
    device = upper.device(OWN)
    await device.registered(5.0)
    path = f"/api/upper-platforms/{link['id']}"
    return await until(admin, path, lambda found: found["state"] == "online"), device


async def received(session, count):
    """Wait until so many packets came."""
    async with asyncio.timeout(8):
        while len(session.receiver.capture.packets) < count:
            session.receiver.flush()
            await asyncio.sleep(0.02)


async def catalogue_of(device, target=""):
    exchange = await device.query("Catalog", target=target, seconds=5.0)
    return {
        one.device_id: one for page in exchange.pages for one in read_catalog(page).items
    }, exchange


@asynccontextmanager
async def whole(new_platform, client, *behaviours, transport="tls", **more):
    """A camera, the platform, an upper one, and the link between them."""
    platform = await new_platform(*behaviours, keepalive_s=0.5, default_record=False)
    admin = await entered(client, platform)
    async with camera(platform.signalling.server) as device, upper_platform() as upper:
        await until(admin, "/api/channels", lambda found: found and found[0]["online"])
        link, seen = await linked(admin, upper, transport, **more)
        yield admin, device, link, seen, upper


async def test_registers_protected_keeps_alive_and_leaves(new_platform, client):
    async with whole(new_platform, client) as (admin, _, link, seen, _upper):
        assert link["protected"]
        assert link["has_password"]
        assert "password" not in link
        assert seen.peer.transport == "tls"
        assert await seen.wait_for(lambda: seen.since(0, "keepalive"), 3.0)
        path = f"/api/upper-platforms/{link['id']}"
        await admin.ok("DELETE", f"{path}?version={link['version']}")
        assert not seen.is_registered
        assert await admin.refused("GET", path) == "access.denied"


async def test_an_upper_platform_that_forgot_us_is_registered_with_anew(new_platform, client):
    async with whole(new_platform, client) as (admin, _, link, seen, upper):
        seen.policy.forgotten = True
        moment = upper.time.now()
        assert await seen.wait_for(lambda: seen.since(moment, "registered"), 6.0)
        # A broken connection as well: the link comes back by itself.
        moment = upper.time.now()
        upper.endpoint.disconnect(seen.peer)
        assert await seen.wait_for(lambda: seen.since(moment, "registered"), 6.0)
        path = f"/api/upper-platforms/{link['id']}"
        await until(admin, path, lambda found: found["state"] == "online")


@pytest.mark.parametrize(
    ("change", "state", "problem"),
    [
        ({"password": "wrong"}, "refused", "401"),
        ({"authority": ""}, "refused", "certificate"),
        ({"port": 9}, "unreachable", "connection"),
    ],
)
async def test_says_why_a_link_does_not_stand(new_platform, client, change, state, problem):
    platform = await new_platform()
    admin = await client(platform)
    async with upper_platform() as upper:
        body = {
            "name": "上级",
            "address": upper.settings.address,
            "port": upper.tls_port,
            "server_id": upper.settings.server_id,
            "device_id": OWN,
            "password": UPPER_PASSWORD,
            "authority": certificates.authority_file().read_text(),
            **change,
        }
        link = await admin.ok("POST", "/api/upper-platforms", body)
        path = f"/api/upper-platforms/{link['id']}"
        found = await until(admin, path, lambda now: now["state"] == state)
        assert found["problem"] == problem
        assert await admin.refused("PATCH", path, {"version": 9}) == "conflict.stale"
        bad = {"version": link["version"], "authority": "nonsense"}
        assert await admin.refused("PATCH", path, bad) == "cascade.authority"


async def test_the_tree_arrives_with_groups_organisations_and_regions(new_platform, client):
    async with whole(new_platform, client) as (admin, device, _, seen, _upper):
        channel = device.settings.channel_ids()[0]
        body = {"name": "东区", "parent": "root", "region": "610102"}
        east = await admin.ok("POST", "/api/organisations", body)
        body = {"name": "东区一所", "parent": east["id"]}
        station = await admin.ok("POST", "/api/organisations", body)
        row = await admin.ok("GET", f"/api/channels/{channel}")
        body = {"version": row["version"], "organisation": station["id"]}
        await admin.ok("PATCH", f"/api/channels/{channel}", body)
        items, exchange = await catalogue_of(seen)
        assert exchange.complete
        kinds = {one[10:13]: one for one in items if len(one) == 20}
        group = kinds["215"]
        names = {items[one].name: one for one in items if one[10:13] == "216"}
        assert set(names) == {"东区", "东区一所"}
        assert items["610102"].name == "东区"
        assert items[names["东区一所"]].parent_id == names["东区"]
        assert items[names["东区一所"]].business_group_id == group
        leaf = items[channel]
        assert leaf.parent_id == f"{OWN}/{names['东区一所']}"
        assert leaf.civil_code == "610102"
        assert leaf.info_business_group_id == group
        assert leaf.status == "ON"
        part, _ = await catalogue_of(seen, names["东区一所"])
        assert set(part) == {names["东区一所"], channel}
        nothing, exchange = await catalogue_of(seen, "61010200001320009999")
        assert exchange.complete
        assert nothing == {}


async def test_only_what_is_shared_is_shown_and_sent(new_platform, client):
    async with whole(new_platform, client, organisations=[]) as (_, device, _link, seen, _upper):
        items, _ = await catalogue_of(seen)
        assert set(items) == {OWN}
        order = MediaOrder(channel=device.settings.channel_ids()[0])
        async with MediaSession(seen, order) as session:
            pass
        assert session.outcome.status == 404
        assert session.outcome.first_packet_at is None


@pytest.mark.parametrize(
    ("transport", "media"),
    [
        ("tls", "udp"),
        ("tls", "tcp-device-active"),
        ("tls", "tcp-device-passive"),
        ("udp", "udp"),
    ],
)
async def test_pictures_are_relayed(new_platform, client, transport, media):
    async with whole(new_platform, client, transport=transport) as (admin, device, link, seen, _u):
        order = MediaOrder(channel=device.settings.channel_ids()[0], transport=media)
        async with MediaSession(seen, order) as session:
            await received(session, 120)
            assert len(device.sessions) == 1
        assert session.outcome.problem is None
        assert session.outcome.srtp is (transport == "tls")
        packets = [data for _, flow, data in session.clear().packets if flow == 0]
        assert session.outcome.not_protected == 0
        carried = payload_of_packets(read_packets(packets, session.outcome.ssrc))
        assert not carried.gaps
        streams = demultiplex(carried.data)
        assert streams.video == "H264"
        assert streams.access_units[0].key
        assert len(streams.access_units) > 5
        path = f"/api/upper-platforms/{link['id']}"
        await until(admin, path, lambda found: found["streams"] == 0)


async def test_a_session_ends_when_its_channel_is_shared_no_more(new_platform, client):
    async with whole(new_platform, client) as (admin, device, link, seen, _upper):
        async with MediaSession(seen, MediaOrder(channel=device.own_id)) as session:
            pass
        assert session.outcome.status == 404, "a device is no channel"
        channel = device.settings.channel_ids()[0]
        async with MediaSession(seen, MediaOrder(channel=channel)) as session:
            await received(session, 30)
            row = await admin.ok("GET", f"/api/devices/{CAMERA}")
            await admin.ok("DELETE", f"/api/devices/{CAMERA}?version={row['version']}")
            assert await seen.wait_for(lambda: session.ended_by_device, 4.0)
        path = f"/api/upper-platforms/{link['id']}"
        await until(admin, path, lambda found: found["streams"] == 0)


async def test_recordings_are_found_played_and_steered_through_the_platform(new_platform, client):
    async with whole(new_platform, client) as (_, device, _link, seen, _upper):
        now = device.state.clock.now()
        start, end = now - 7200, now - 3600
        channel = device.settings.channel_ids()[0]
        fields = [
            ("StartTime", format_time(start)),
            ("EndTime", format_time(end)),
            ("Secrecy", 0),
            ("Type", "all"),
        ]
        exchange = await seen.query("RecordInfo", fields, target=channel, seconds=5.0)
        assert exchange.complete
        assert exchange.pages[0].text("SumNum") == "1", "adjoining files are one recording"
        order = MediaOrder("Playback", channel, start=int(start), stop=int(start) + 4)
        async with MediaSession(seen, order) as session:
            assert session.outcome.problem is None
            assert await session.info(seek(1, 2.0).to_bytes()) == 200
            ended = await seen.wait_for(lambda: seen.notified_since(0, "MediaStatus"), 8.0)
        assert ended


async def test_steering_from_above(new_platform, client):
    async with whole(new_platform, client) as (admin, device, _link, seen, _upper):
        channel = device.settings.channel_ids()[0]
        head = device.memory.head(channel)
        await seen.control([("PTZCmd", move(pan=200).to_hex())], target=channel)
        async with asyncio.timeout(3):
            while head.position(device.monotonic()).pan < 0.05:
                await asyncio.sleep(0.01)
        held = await admin.ok("GET", f"/api/channels/{channel}/control")
        assert held["level"] == 7
        await seen.control([("PTZCmd", stop().to_hex())], target=channel)
        head.presets[3] = Position(0.5)
        await seen.control([("PTZCmd", preset("call", 3).to_hex())], target=channel)
        async with asyncio.timeout(3):
            while head.position(device.monotonic()).pan != 0.5:
                await asyncio.sleep(0.01)
        exchange = await seen.control(
            [("GuardCmd", "SetGuard")], target=channel, wait=True, seconds=3.0
        )
        assert exchange.result == "ERROR", "arming is not for an upper platform"


async def test_changes_of_channels_are_notified(new_platform, client):
    async with whole(new_platform, client) as (_, device, _link, seen, _upper):
        subscription = Subscription(seen, "Catalog", (), event="Catalog;id=1")
        await subscription.begin(60)
        assert subscription.status == 200
        channel = device.settings.channel_ids()[0]
        item = [("DeviceID", channel), ("Event", "OFF")]
        body = build_catalog(CAMERA, 77, [item], kind="Notify")
        await device.say(body, timeout=3.0)
        assert await seen.wait_for(
            lambda: any(
                page.items and page.items[0].event == "OFF"
                for one in seen.notified_since(0, "Catalog")
                for page in [read_catalog(one.message)]
            ),
            4.0,
        )
        await subscription.end()


def test_the_tree_without_io():
    nodes = [
        Node("root", None, "市局", "6101"),
        Node("a", "root", "一区", "610102"),
        Node("b", "a", "一所", ""),
        Node("c", "root", "二区", "610103"),
    ]
    leaves = [
        Leaf(f"6101020000131{number:07d}", CAMERA, where, where, True, 1, None, None)
        for number, where in enumerate(("a", "b", "c"))
    ]
    numbers = {"root": 1, "a": 2, "b": 3, "c": 4}
    share = share_of(OWN, "平台", nodes, leaves, ["a"], [leaves[2].id], numbers)
    assert set(share.channels) == {one.id for one in leaves}
    by_name = {one.name: one for one in share.items if len(one.device_id) == 20}
    # A shared subtree is a business group of its own; a single camera brings its organisation.
    assert by_name["一区"].device_id[10:13] == "215"
    assert by_name["二区"].device_id[10:13] == "215"
    assert by_name["一所"].business_group_id == by_name["一区"].device_id
    assert by_name["一所"].parent_id == ""
    assert "市局" not in by_name
    regions = {one.device_id for one in share.items if len(one.device_id) < 20}
    assert regions == {"610102", "610103"}


def test_orders_survive_the_way_through_ptz_commands():
    for order in (
        Move(1.0, -1.0, 0.0),
        Move(),
        Lens(1.0, 0.0),
        PresetOrder("set", 9),
        SwitchOrder("light", True),
    ):
        assert order_of(ptz_command(order)) == order


# Defects


async def test_cascade_tree_flattened(new_platform, client):
    async with whole(new_platform, client, "cascade-tree-flattened") as (_, device, _l, seen, _u):
        items, _ = await catalogue_of(seen)
        assert set(items) == {OWN, device.settings.channel_ids()[0]}


async def test_catalog_last_page_dropped(new_platform, client, monkeypatch):
    monkeypatch.setattr("targets.gb28181.exchange.GAP_SECONDS", 0.5)
    name = "catalog-last-page-dropped"
    async with whole(new_platform, client, name, transport="udp") as (admin, _, _link, seen, _u):
        body = {"name": "东区", "parent": "root", "region": "610102"}
        await admin.ok("POST", "/api/organisations", body)
        _, exchange = await catalogue_of(seen)
        assert not exchange.complete
        assert exchange.pages


async def test_docking_refused(new_platform, client):
    async with whole(new_platform, client, "docking-refused") as (_, device, _link, seen, _upper):
        items, exchange = await catalogue_of(seen)
        assert (items, exchange.status) == ({}, 403)
        async with MediaSession(seen, MediaOrder(channel=device.own_id)) as session:
            pass
        assert session.outcome.status == 403


async def test_cascade_plain(new_platform, client):
    async with whole(new_platform, client, "cascade-plain") as (_, device, link, seen, _upper):
        assert not link["protected"]
        order = MediaOrder(channel=device.settings.channel_ids()[0])
        async with MediaSession(seen, order) as session:
            await received(session, 120)
        assert session.outcome.srtp is False
        packets = [data for _, flow, data in session.clear().packets if flow == 0]
        carried = payload_of_packets(read_packets(packets, session.outcome.ssrc))
        assert demultiplex(carried.data).video == "H264"
        assert list(read_capture(session.to_pcap()))


async def test_what_goes_upwards_departs_from_nothing(new_platform, client):
    """Every message to the upper platform by the strict reading of the text."""
    async with whole(new_platform, client, transport="udp") as (_, device, _link, seen, _upper):
        channel = device.settings.channel_ids()[0]
        await catalogue_of(seen)
        for command, target in (
            ("DeviceInfo", ""),
            ("DeviceStatus", ""),
            ("DeviceStatus", channel),
        ):
            assert (await seen.query(command, target=target, seconds=5.0)).complete
        assert (await seen.query("PresetQuery", target=channel, seconds=5.0)).complete
        now = device.state.clock.now()
        times = [("StartTime", format_time(now - 7200)), ("EndTime", format_time(now - 3600))]
        more = [("Secrecy", 0), ("Type", "all")]
        assert (await seen.query("RecordInfo", [*times, *more], target=channel)).complete
        subscription = Subscription(seen, "Catalog", (), event="Catalog;id=1")
        await subscription.begin(60)
        async with MediaSession(seen, MediaOrder(channel=channel)) as session:
            await received(session, 30)
        assert session.answer is not None
        assert session.answer.deviations == ()
        await subscription.end()
        departs = set()
        for one in seen.messages:
            if one.outbound:
                continue
            message = parse_message(one.data)
            departs |= {(item.code, item.detail) for item in judge_message(message, one.transport)}
            if message.body and b"MANSCDP" in one.data:
                read = parse_manscdp(message.body)
                departs |= {(item.code, item.detail) for item in judge_manscdp(read)}
        assert departs == set()
