"""Wireshark's dissector reads what we build and finds nothing malformed."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protocols.pcap import LINKTYPE_RAW, Frame, udp_datagram, write_pcapng
from protocols.sip.authentication import authorise, challenge_header
from protocols.sip.dates import format_gb_date
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, PassedMessage, Peer, SipEndpoint, Timers
from protocols.sip.message import parse_message

SERVER, DEVICE = "127.61.4.1", "127.61.4.2"
ID, PLATFORM, DOMAIN = "34020000001320000001", "34020000002000000001", "3402000000"
# GB/T 28181's own header is unknown to the dissector.
KNOWN = {"Unrecognised SIP header (x-gb-ver)"}
SDP = (
    f"v=0\r\no={PLATFORM} 0 0 IN IP4 {SERVER}\r\ns=Play\r\nc=IN IP4 {SERVER}\r\nt=0 0\r\n"
    "m=video 30000 RTP/AVP 96\r\na=recvonly\r\na=rtpmap:96 PS/90000\r\ny=0100000001\r\n"
).encode()


async def conversation() -> list[PassedMessage]:
    """Registration with digest, a keepalive, a call with its end, as a platform and a device."""
    passed: list[PassedMessage] = []

    def platform(incoming: IncomingRequest) -> None:
        if (
            incoming.request.method == "REGISTER"
            and "Authorization" not in incoming.request.headers
        ):
            incoming.respond(401, headers=[challenge_header(DOMAIN, "9450c474", algorithm="MD5")])
            return
        headers = [("Date", format_gb_date(incoming.at))]
        if contact := incoming.request.headers.get("Contact"):
            headers += [("Contact", contact), ("Expires", "3600")]
        incoming.respond(200, headers=headers)

    def device(incoming: IncomingRequest) -> None:
        if incoming.request.method == "INVITE":
            here = ("Contact", f"<sip:{ID}@{DEVICE}:{one.port}>")
            incoming.respond(200, headers=[here, ("Content-Type", "application/sdp")], body=SDP)
        else:
            incoming.respond(200)

    timers = Timers(t1=0.2)
    one = SipEndpoint(DEVICE, 0, on_request=device, timers=timers)
    async with (
        SipEndpoint(
            SERVER, 0, on_request=platform, on_passed=passed.append, timers=timers
        ) as other,
        one,
    ):
        for party in (one, other):
            party.user_agent = "Tantou"
        peer = Peer("udp", SERVER, other.port)
        address = f"<sip:{ID}@{DOMAIN}>"
        register = one.new_request(
            "REGISTER",
            f"sip:{PLATFORM}@{DOMAIN}",
            from_=address,
            to=address,
            contact=f"<sip:{ID}@{DEVICE}:{one.port}>",
            headers=[("Expires", "3600"), ("X-GB-Ver", "2.0")],
        )
        challenged = await one.request(register, peer)
        again = authorise(register, challenged, ID, "secret", rng=random.Random(1))
        assert (await one.request(again, peer)).status == 200
        keepalive = one.new_request(
            "MESSAGE",
            f"sip:{PLATFORM}@{DOMAIN}",
            from_=address,
            to=f"<sip:{PLATFORM}@{DOMAIN}>",
            content_type="Application/MANSCDP+xml",
            body="<?xml version='1.0' encoding='GB2312'?>\r\n<Notify>摄像机</Notify>".encode(
                "gb2312"
            ),
        )
        assert (await one.request(keepalive, peer)).status == 200
        invite = other.new_request(
            "INVITE",
            f"sip:{ID}@{DEVICE}:{one.port}",
            from_=f"<sip:{PLATFORM}@{DOMAIN}>",
            to=address,
            contact=f"<sip:{PLATFORM}@{SERVER}:{other.port}>",
            headers=[("Subject", f"{ID}:0,{PLATFORM}:0")],
            content_type="application/sdp",
            body=SDP,
        )
        back = Peer("udp", DEVICE, one.port)
        dialog = Dialog.from_uac(invite, await other.request(invite, back))
        other.send(dialog.request("ACK"), back)
        info = dialog.request(
            "INFO", body=b"PAUSE RTSP/1.0\r\n", content_type="Application/MANSRTSP"
        )
        assert (await other.request(info, back)).status == 200
        assert (await other.request(dialog.request("BYE"), back)).status == 200
    return passed


@pytest.fixture
async def dissected(tmp_path: Path) -> Iterator[tuple[list[PassedMessage], list[dict[str, Any]]]]:
    passed = await conversation()
    frames = []
    for one in passed:
        source, target = (one.local, one.remote) if one.outbound else (one.remote, one.local)
        packet = udp_datagram(source, target, one.data)
        frames.append(Frame(int(one.at * 1e9), LINKTYPE_RAW, packet))
    capture = tmp_path / "conversation.pcapng"
    capture.write_bytes(write_pcapng(frames))
    ports = {end[1] for one in passed for end in (one.local, one.remote)}
    decode = [word for port in ports for word in ("-d", f"udp.port=={port},sip")]
    said = subprocess.run(
        ["tshark", "-r", str(capture), *decode, "-T", "json"],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    ).stdout
    return passed, [packet["_source"]["layers"] for packet in json.loads(said)]


async def test_nothing_we_build_is_malformed(dissected):
    passed, layers = dissected
    assert len(layers) == len(passed) >= 13
    for one, layer in zip(passed, layers, strict=True):
        text = json.dumps(layer)
        assert "_ws.malformed" not in text, one.data
        complaints = re.findall('"_ws.expert.message": "([^"]*)"', json.dumps(layer["sip"]))
        assert set(complaints) <= KNOWN, one.data


async def test_it_reads_the_same_as_we_do(dissected):
    passed, layers = dissected
    for one, layer in zip(passed, layers, strict=True):
        message = parse_message(one.data)
        header = layer["sip"]["sip.msg_hdr_tree"]
        assert header["sip.Call-ID"] == message.headers.get("Call-ID")
        number, _, method = (message.headers.get("CSeq") or "").partition(" ")
        assert header["sip.CSeq_tree"]["sip.CSeq.seq"] == number
        assert header["sip.CSeq_tree"]["sip.CSeq.method"] == method
        assert header["sip.Content-Length"] == str(len(message.body))
