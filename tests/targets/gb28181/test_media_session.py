import asyncio
import socket

import pytest

from protocols.gb28181.sdp import build_answer, parse_session
from protocols.pcap import read_capture
from protocols.rtp_stream import frame
from protocols.srtp import SrtpSender, new_crypto_line
from targets.gb28181.media_session import MediaOrder, MediaSession
from tests.targets.gb28181.scripted import (
    DEVICE,
    DEVICE_ADDRESS,
    device_of,
    upper_platform,
)


def rtp(number: int, ssrc: int) -> bytes:
    return bytes([0x80, 96]) + number.to_bytes(2) + bytes(4) + ssrc.to_bytes(4) + b"picture"


class Source:
    """The media side of a scripted device: ten packets as soon as the answer is out."""

    def __init__(self, device, status=200, srtp=False, change=lambda body: body):
        self.device, self.status, self.srtp, self.change = device, status, srtp, change
        self.methods = []
        device.on_request = self.requested

    def requested(self, incoming):
        self.methods.append(incoming.request.method)
        if incoming.request.method != "INVITE":
            incoming.respond(200)
            return
        if self.status != 200:
            incoming.respond(self.status)
            return
        offer = parse_session(incoming.request.body)
        line = new_crypto_line() if self.srtp else None
        listener = socket.create_server((DEVICE_ADDRESS, 0))
        body = build_answer(
            offer, owner=DEVICE, address=DEVICE_ADDRESS, port=listener.getsockname()[1],
            crypto=[line.build()] if line else (),
        )  # fmt: skip
        contact = f"<sip:{DEVICE}@{DEVICE_ADDRESS}:{self.device.endpoint.port}>"
        headers = [("Contact", contact), ("Content-Type", "Application/SDP")]
        incoming.respond(200, headers=headers, body=self.change(body))
        packets = [rtp(number, offer.ssrc) for number in range(10)]
        if line:
            sender = SrtpSender(line)
            packets = [sender.rtp(one) for one in packets]
        self.task = asyncio.create_task(self.send(offer, listener, packets))

    async def send(self, offer, listener, packets):
        with listener:
            if offer.transport == "udp":
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                    out.bind((DEVICE_ADDRESS, 0))
                    for one in packets:
                        out.sendto(one, (offer.address, offer.port))
                return
            loop = asyncio.get_running_loop()
            if offer.setup == "active":
                listener.setblocking(False)
                connection, _ = await loop.sock_accept(listener)
            else:
                connection = socket.socket()
                connection.setblocking(False)
                await loop.sock_connect(connection, (offer.address, offer.port))
            with connection:
                await loop.sock_sendall(connection, b"".join(map(frame, packets)))
                await asyncio.sleep(0.2)


@pytest.mark.parametrize("transport", ["udp", "tcp-device-active", "tcp-device-passive"])
@pytest.mark.parametrize("srtp", [False, True])
def test_a_session_brings_packets_and_ends(transport, srtp):
    async def scenario():
        async with upper_platform() as platform, device_of(platform) as device:
            await device.register()
            source = Source(device, srtp=srtp)
            order = MediaOrder(transport=transport, secure=True)
            async with MediaSession(platform.device(DEVICE), order) as session:
                assert session.outcome.problem is None
                await asyncio.sleep(0.1)
                await session.end(watch_seconds=0.1)
            outcome = session.outcome
            frames = list(read_capture(session.to_pcap()))
            assert (outcome.status, outcome.bye_status, outcome.srtp) == (200, 200, srtp)
            assert outcome.invited_at < outcome.answered_at <= outcome.acked_at
            assert outcome.first_packet_at is not None
            assert len(frames) == 10
            assert frames[3].data.endswith(rtp(3, outcome.ssrc))
            assert outcome.not_protected == 0
            assert source.methods == ["INVITE", "ACK", "BYE"]

    asyncio.run(scenario())


def test_a_refusal_is_an_outcome():
    async def scenario():
        async with upper_platform() as platform, device_of(platform) as device:
            await device.register()
            Source(device, status=488)
            async with MediaSession(platform.device(DEVICE), MediaOrder()) as session:
                pass
            assert session.outcome.problem["code"] == "visit.not-offered"
            assert session.outcome.status == 488

    asyncio.run(scenario())


def test_an_answer_that_takes_our_own_role_is_noted():
    async def scenario():
        async with upper_platform() as platform, device_of(platform) as device:
            await device.register()
            source = Source(
                device, change=lambda body: body.replace(b"setup:passive", b"setup:active")
            )
            order = MediaOrder(transport="tcp-device-passive")
            async with MediaSession(platform.device(DEVICE), order) as session:
                assert session.outcome.problem is None  # it listened all the same
            assert session.outcome.deviations == ["sdp-answer-setup"]
            await source.task

    asyncio.run(scenario())
