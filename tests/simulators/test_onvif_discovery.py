"""WS-Discovery over unicast and multicast, with probes written by hand."""

from __future__ import annotations

import asyncio
import socket

import pytest
from lxml import etree

from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.discovery import Discovery
from simulators.camera.onvif.discovery_group import GROUP, PORT
from simulators.camera.onvif_server import OnvifServer
from tests.simulators.onvif_bench import found, new_state, served

NAMESPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
)


def probe(types: str = "dn:NetworkVideoTransmitter", scopes: str = "", match: str = "") -> bytes:
    by = f' MatchBy="{match}"' if match else ""
    return (
        f"<s:Envelope {NAMESPACES}><s:Header><a:MessageID>urn:uuid:42</a:MessageID>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action></s:Header>"
        f"<s:Body><d:Probe><d:Types>{types}</d:Types><d:Scopes{by}>{scopes}</d:Scopes></d:Probe>"
        "</s:Body></s:Envelope>"
    ).encode()


def client() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    sock.setblocking(False)
    return sock


async def ask(target: str, data: bytes, *expected: str) -> dict[str, etree._Element]:
    """Answers by sender; those of other devices on this machine's loopback are left out."""
    loop = asyncio.get_running_loop()
    answers: dict[str, etree._Element] = {}
    with client() as sock:
        await loop.sock_sendto(sock, data, (target, PORT))
        async with asyncio.timeout(5):
            while len(answers) < len(expected):
                answer, (address, _) = await loop.sock_recvfrom(sock, 65_536)
                if address in expected:
                    answers[address] = etree.fromstring(answer)
    return answers


@pytest.mark.parametrize("by_multicast", [False, True])
async def test_a_probe_is_matched(by_multicast: bool) -> None:
    async with served() as server:
        state = server.state
        target = GROUP if by_multicast else state.address
        root = (await ask(target, probe(), state.address))[state.address]
        assert found(root, "s:Header/a04:RelatesTo")[0].text == "urn:uuid:42"
        (match,) = found(root, "s:Body/d:ProbeMatches/d:ProbeMatch")
        assert match[0].tag.endswith("EndpointReference")
        addresses = found(match, "d:XAddrs")[0].text.split()
        assert addresses == [
            f"{scheme}://{state.address}:{state.ports[scheme]}/onvif/device_service"
            for scheme in ("http", "https")
        ]
        assert "onvif://www.onvif.org/IP/IP66" in found(match, "d:Scopes")[0].text.split()
        (types,) = found(match, "d:Types")
        assert types.text == "dn:NetworkVideoTransmitter tds:Device"
        assert types.nsmap["dn"] == "http://www.onvif.org/ver10/network/wsdl"


@pytest.mark.parametrize(
    ("data", "matches"),
    [
        (probe(""), True),
        (probe("dn:Device"), True),
        (probe("dn:Printer"), False),
        (probe(scopes="onvif://www.onvif.org/type"), True),
        (probe(scopes="onvif://www.onvif.org/typ"), False),
        (probe(scopes="onvif://www.onvif.org/IP/IP66"), True),
        (probe(scopes="onvif://www.onvif.org/location/roof"), False),
        (
            probe(
                scopes="onvif://www.onvif.org/type",
                match="http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0",
            ),
            False,
        ),
        (b"junk", False),
        (b"<a/>", False),
        (b" " * 9000 + probe(), False),
    ],
    ids=range(11),
)
def test_what_a_probe_matches(data: bytes, matches: bool) -> None:
    discovery = Discovery(DeviceMemory(new_state()))
    assert (discovery.answer(data) is not None) is matches


async def test_hello_and_bye_reach_the_group() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((GROUP, PORT))
        member = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        listener.setblocking(False)
        async with served() as server:
            address = server.state.address
        loop = asyncio.get_running_loop()
        kinds: dict[str, str] = {}
        async with asyncio.timeout(3):
            while len(kinds) < 2:
                data, (source, _) = await loop.sock_recvfrom(listener, 65_536)
                if source == address:
                    root = etree.fromstring(data)
                    kind = found(root, "s:Body/*")[0]
                    identity = found(kind, "a04:EndpointReference/a04:Address")[0].text
                    kinds[kind.tag.rpartition("}")[2]] = identity
        assert list(kinds) == ["Hello", "Bye"]
        assert kinds["Hello"] == kinds["Bye"]


async def test_without_the_port_the_camera_still_serves() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        state = new_state()
        taken.bind((state.address, PORT))
        server = OnvifServer(state)
        await server.start()
        await server.stop()


async def test_two_cameras_answer_one_probe() -> None:
    async with served() as first, served() as second:
        expected = (first.state.address, second.state.address)
        assert len(await ask(GROUP, probe(), *expected)) == 2


async def test_cameras_that_start_side_by_side_share_one_group() -> None:
    servers = [OnvifServer(new_state()) for _ in range(5)]
    await asyncio.gather(*(server.start() for server in servers))
    try:
        expected = [server.state.address for server in servers]
        assert len(await ask(GROUP, probe(), *expected)) == 5
    finally:
        await asyncio.gather(*(server.stop() for server in servers))
