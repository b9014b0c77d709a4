"""CPU seconds of receiving ten seconds of a 1080p25 stream of 4 Mbit/s and writing its pcap.

A second process plays a paced synthetic stream (14 packets a picture, a key picture of 120
every 2 s) from an RTSP server of its own; this process receives it with the product's own RTSP
client by UDP and by interleaved TCP and reports its own CPU time, network threads included.

Run: python benchmarks/receive_cost.py [--seconds 10] [--address 127.12.9.1]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import socket
import struct
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from protocols.rtsp import Request, Response, RtspParser, Transport, parse_transports
from protocols.time_source import SystemTime
from targets.camera import parse_camera
from targets.rtsp_client import open_session

PAYLOAD = 1388
FRAME_RATE = 25
SDP = (
    "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:video\r\n"
)


async def play(send, ended: asyncio.Event) -> None:
    """Send pictures at their times; packets of one picture in a burst, as cameras do."""
    sequence = 0
    started = time.monotonic()
    number = 0
    while not ended.is_set():
        packets = 120 if number % 50 == 0 else 12
        for index in range(packets):
            marker = 0x80 if index == packets - 1 else 0
            header = struct.pack(
                ">BBHII", 0x80, marker | 96, sequence & 0xFFFF, number * 3600 & 0xFFFFFFFF, 7
            )
            send(header + b"\x41" + bytes(PAYLOAD - 13))
            sequence += 1
        number += 1
        await asyncio.sleep(max(0.0, started + number / FRAME_RATE - time.monotonic()))


async def serve(address: str, pipe: Connection) -> None:
    """The RTSP side of the synthetic stream."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = RtspParser()
        ended = asyncio.Event()
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind((address, 0))
        player = None
        target = None
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                parser.feed(data)
                while (message := parser.next_message()) is not None:
                    if not isinstance(message, Request):
                        continue
                    headers = [("CSeq", message.header("CSeq")), ("Session", "1")]
                    body = b""
                    if message.method == "DESCRIBE":
                        body = SDP.encode()
                        headers.append(("Content-Type", "application/sdp"))
                    if message.method == "SETUP":
                        wanted = parse_transports(message.header("Transport"))[0]
                        if wanted.lower == "UDP":
                            port = sender.getsockname()[1]
                            peer = writer.get_extra_info("peername")[0], wanted.client_port[0]
                            wanted = Transport(
                                "UDP", client_port=wanted.client_port, server_port=(port, port + 1)
                            )
                            target = lambda packet: sender.sendto(packet, peer)  # noqa: B023, E731
                        else:
                            target = lambda packet: writer.write(  # noqa: E731
                                b"$\x00" + len(packet).to_bytes(2, "big") + packet
                            )
                        headers.append(("Transport", wanted.build()))
                    writer.write(Response(200, tuple(headers), body).to_bytes())
                    if message.method == "PLAY":
                        player = asyncio.create_task(play(target, ended))
                    if message.method == "TEARDOWN":
                        ended.set()
        ended.set()
        if player is not None:
            await player
        sender.close()
        writer.close()

    server = await asyncio.start_server(answer, address, 0)
    pipe.send(server.sockets[0].getsockname()[1])
    while not pipe.poll():
        await asyncio.sleep(0.1)


def run_server(address: str, pipe: Connection) -> None:
    """Entry of the second process."""
    asyncio.run(serve(address, pipe))


async def receive(uri: str, seconds: float, *, udp: bool) -> tuple[float, int, int, int]:
    """CPU seconds, packets, bytes of pcap, drops of one visit's receiving and writing."""
    camera = parse_camera(uri)
    async with open_session(camera, camera.stream_uri, time_source=SystemTime()) as session:
        await session.set_up(await session.describe(), udp=udp)
        before = time.process_time()
        reception = await session.play(seconds)
        pcap = reception.capture.to_pcap(session.flows())
        spent = time.process_time() - before
    return spent, len(reception.capture.packets), len(pcap), reception.capture.dropped


def main() -> None:
    """Measure both transports and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--address", default="127.12.9.1")
    options = arguments.parse_args()
    pipe, other = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=run_server, args=(options.address, other), daemon=True
    )
    server.start()
    port = pipe.recv()
    print(f"{os.cpu_count()} cores, {options.seconds:g} s a visit")
    print("transport  CPU s  packets  Mbit/s  dropped")
    try:
        for udp in (True, False):
            uri = f"rtsp://{options.address}:{port}/stream"
            cpu, packets, size, drops = asyncio.run(receive(uri, options.seconds, udp=udp))
            rate = size * 8 / options.seconds / 1e6
            name = "udp" if udp else "tcp"
            print(f"{name:9}  {cpu:5.3f}  {packets:7}  {rate:6.2f}  {drops:7}")
    finally:
        pipe.send("end")
        server.join(5)


if __name__ == "__main__":
    main()
