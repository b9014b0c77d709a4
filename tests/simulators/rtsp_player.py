"""A small RTSP player for tests: TCP interleaved, collects what arrives and when."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from protocols.http_digest import authorization, parse_challenges, strongest
from protocols.rtcp import SenderReport, parse_rtcp
from protocols.rtp import RtpPacket, parse_rtp
from protocols.rtsp import InterleavedFrame, Request, Response, RtspParser
from protocols.sdp import SessionDescription, parse_sdp, resolve_control


@dataclass
class Played:
    """What one PLAY brought, by track number."""

    description: SessionDescription
    packets: dict[int, list[tuple[float, RtpPacket]]] = field(default_factory=dict)
    reports: dict[int, list[tuple[float, SenderReport]]] = field(default_factory=dict)

    def pictures(self, track: int = 0) -> list[tuple[float, int, list[bytes]]]:
        """Arrival of the first packet, RTP timestamp and payloads of each whole picture."""
        found: list[tuple[float, int, list[bytes]]] = []
        for arrival, packet in self.packets.get(track, []):
            if not found or found[-1][1] != packet.timestamp:
                found.append((arrival, packet.timestamp, []))
            found[-1][2].append(bytes(packet.payload))
        return found[:-1]


class Player:
    def __init__(self, address: str, port: int, user: str = "admin", password: str = "") -> None:
        self.address, self.port = address, port
        self.user, self.password = user, password
        self.parser = RtspParser()
        self.sequence = 0
        self.challenge = None
        self.frames: list[tuple[float, InterleavedFrame]] = []

    async def __aenter__(self) -> Player:
        self.reader, self.writer = await asyncio.open_connection(self.address, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    def url(self, path: str) -> str:
        return f"rtsp://{self.address}:{self.port}{path}"

    async def ask(self, method: str, uri: str, *headers: tuple[str, str]) -> Response:
        response = await self._ask_once(method, uri, headers)
        if response.status == 401 and self.password and self.challenge is None:
            self.challenge = strongest(parse_challenges(response.all_headers("WWW-Authenticate")))
            response = await self._ask_once(method, uri, headers)
        return response

    async def _ask_once(self, method: str, uri: str, headers: tuple) -> Response:
        self.sequence += 1
        sent = [("CSeq", str(self.sequence)), *headers]
        if self.challenge is not None:
            value = authorization(self.challenge, self.user, self.password, method, uri)
            sent.append(("Authorization", value))
        self.writer.write(Request(method, uri, tuple(sent)).to_bytes())
        while True:
            message = await self.message()
            if isinstance(message, Response):
                assert message.sequence == self.sequence
                return message

    async def message(self):
        while (message := self.parser.next_message()) is None:
            data = await self.reader.read(65_536)
            if not data:
                raise ConnectionResetError("closed by the camera")
            self.parser.feed(data)
        if isinstance(message, InterleavedFrame):
            self.frames.append((asyncio.get_running_loop().time(), message))
        return message

    async def open(self, path: str = "/main") -> tuple[SessionDescription, str]:
        """DESCRIBE and SETUP of every track: the description and the session."""
        url = self.url(path)
        described = await self.ask("DESCRIBE", url)
        assert described.status == 200
        description = parse_sdp(described.body)
        session = ""
        for index, media in enumerate(description.media):
            control = resolve_control(described.header("Content-Base"), media.control)
            transport = f"RTP/AVP/TCP;unicast;interleaved={2 * index}-{2 * index + 1}"
            headers = [("Transport", transport)]
            if session:
                headers.append(("Session", session))
            answer = await self.ask("SETUP", control, *headers)
            assert answer.status == 200
            session = answer.header("Session").partition(";")[0]
        return description, session

    async def play(self, path: str = "/main", seconds: float = 1.0) -> Played:
        description, session = await self.open(path)
        answer = await self.ask("PLAY", self.url(path), ("Session", session))
        assert answer.status == 200
        async with asyncio.timeout(seconds + 20):
            while not self.frames:
                await self.message()
        with contextlib.suppress(TimeoutError):
            await self.listen(seconds)
        return self._sorted(description)

    async def listen(self, seconds: float) -> None:
        """Receive for ``seconds``, then raise TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                await self.message()

    def _sorted(self, description: SessionDescription) -> Played:
        played = Played(description)
        for arrival, frame in self.frames:
            track, control = divmod(frame.channel, 2)
            if not control:
                packet = parse_rtp(frame.data)
                played.packets.setdefault(track, []).append((arrival, packet))
            for one in parse_rtcp(frame.data) if control else ():
                if isinstance(one, SenderReport):
                    played.reports.setdefault(track, []).append((arrival, one))
        return played
