"""A media session with a registered device: INVITE, pictures, INFO, BYE (9.2, 9.8, 9.9)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import parse_manscdp
from protocols.gb28181.mansrtsp import CONTENT_TYPE as MANSRTSP
from protocols.gb28181.mansrtsp import PlaybackCommand, parse_answer, pause, resume, seek, speed
from protocols.gb28181.sdp import CONTENT_TYPE as SDP
from protocols.gb28181.sdp import GbSession, build_offer, parse_session
from protocols.gb28181.ssrc import format_y
from protocols.gb28181.subject import Subject
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest
from protocols.sip.message import SipRequest
from protocols.srtp import CryptoLine, new_crypto_line, parse_crypto_line
from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit
from reference_platform.signalling.media_ports import MediaPort, MediaTransport, open_port
from reference_platform.signalling.picture_queue import PictureQueue
from reference_platform.signalling.pictures import PictureAssembler
from reference_platform.signalling.rtp_input import RtpInput
from reference_platform.signalling.timeline import LiveTimeline, RecordedTimeline

if TYPE_CHECKING:
    from reference_platform.signalling.devices import Registered
    from reference_platform.signalling.server import SignallingServer

Kind = Literal["Play", "Playback", "Download"]
ANSWER_SECONDS = 10.0
WITHIN_SECONDS = 5.0
BYE_SECONDS = 2.0
FIRST_PACKET_SECONDS = 5.0
#: Nothing for so long: the source is lost.
STALL_SECONDS = 5.0
_FILE_END = "121"
#: Packets that are behind the message that says that all were sent, and the other way round.
_LAST_PACKETS_S, _LAST_WORDS_S = 0.2, 1.0
_REFUSALS = {403: "source.refused", 404: "source.unknown", 486: "source.busy"}


@dataclass(frozen=True)
class Order:
    """What is wanted.

    Attributes:
        kind: ``s=``.
        channel: whose pictures.
        media: how they travel.
        start, stop: POSIX seconds of a recording.
        stream: 0 main, 1 sub; devices of 2016 know the main one only.
        speed: of a download, as many times as fast.
    """

    kind: Kind
    channel: str
    media: MediaTransport
    start: int = 0
    stop: int = 0
    stream: int = 0
    speed: int | None = None


class MediaSession:
    """One session; made by ``begin``, an asynchronous iterator of its pictures.

    Attributes:
        order: what was asked for.
        srtp: whether its packets are encrypted.
        file_size: bytes of a download as the device tells, ``None`` for unknown.
    """

    def __init__(self, server: SignallingServer, device: Registered, order: Order) -> None:
        self.order = order
        self.srtp = False
        self.file_size: int | None = None
        self._server = server
        self._device = device
        self._ssrc = server.ssrcs.allocate(history=order.kind != "Play")
        self._queue = PictureQueue()
        self._port: MediaPort | None = None
        self._dialog: Dialog | None = None
        self._crypto: CryptoLine | None = None
        self._timeline: LiveTimeline | RecordedTimeline
        if order.kind == "Play":
            self._timeline = LiveTimeline(server.time.now)
        else:
            self._timeline = RecordedTimeline(float(order.start))
        self._assembler = PictureAssembler(self._timeline)
        self._input = RtpInput(self._assembler, self._ssrc)
        self._last_packet = 0.0
        self._first = asyncio.Event()
        self._paused = False
        self._control = 0
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    # Beginning

    @classmethod
    async def begin(
        cls, server: SignallingServer, device: Registered, order: Order
    ) -> MediaSession:
        """Invite the device and wait until its packets come.

        Raises:
            PlatformError: ``source.refused``, ``source.busy``, ``source.unknown``,
                ``source.timeout``, ``source.unreachable``, ``source.no-media``,
                ``source.malformed``.
        """
        session = cls(server, device, order)
        try:
            server.on_presence.append(session._presence)
            await session._invite()
        except BaseException:
            await session.close()
            raise
        return session

    async def _invite(self) -> None:
        server, device, order = self._server, self._device, self.order
        try:
            self._port = await open_port(
                order.media,
                server.address_towards(device.peer),
                device.peer.host,
                self._received,
                self._broken,
            )
        except OSError:
            raise PlatformError("source.no-port", 503, device=device.id) from None
        request = self._offer(self._port.port)
        response = await server.ask(request, device, ANSWER_SECONDS)
        if response.status >= 300:
            code = _REFUSALS.get(response.status, "source.refused")
            raise PlatformError(code, 502, device=device.id, answer=response.status)
        try:
            self._dialog = Dialog.from_uac(request, response)
            server.dialogs[self._dialog.call_id] = self._within
            with contextlib.suppress(OSError):
                server.endpoint.send(self._dialog.request("ACK"), device.peer)
            answer = parse_session(response.body)
            self._agree(answer)
        except ProtocolError:
            raise PlatformError("source.malformed", 502, device=device.id) from None
        await self._connect(answer)
        self._watch = asyncio.get_running_loop().create_task(self._watching())

    def _offer(self, port: int) -> SipRequest:
        server, device, order = self._server, self._device, self.order
        self._crypto = new_crypto_line() if device.secure else None
        live = order.kind == "Play"
        setup = {"udp": "", "tcp-passive": "passive", "tcp-active": "active"}[order.media]
        body = build_offer(
            owner=server.settings.server_id,
            address=server.address_towards(device.peer),
            port=port,
            ssrc=self._ssrc,
            name=order.kind,
            transport="udp" if order.media == "udp" else "tcp",
            setup=setup,
            formats=("PS",),
            channel="" if live else order.channel,
            start=order.start,
            stop=order.stop,
            download_speed=order.speed,
            stream_number=order.stream if live and device.edition_2022 else None,
            crypto=[self._crypto.build()] if self._crypto is not None else (),
        )
        subject = Subject(order.channel, format_y(self._ssrc), server.settings.server_id, "0")
        return server.new_request(
            "INVITE",
            device,
            user=order.channel,
            headers=(("Subject", str(subject)),),
            content_type=SDP,
            body=body,
        )

    def _agree(self, answer: GbSession) -> None:
        """Take the answer's key, SSRC and size into account."""
        self.file_size = answer.file_size
        crypto: CryptoLine | None = None
        if self._crypto is not None:
            if not answer.crypto:
                # Signalling is encrypted: the pictures have to be as well.
                raise PlatformError("source.not-encrypted", 502, device=self._device.id)
            crypto = parse_crypto_line(answer.crypto[0])
            self.srtp = True
        if answer.encoding(answer.payload_type or 0) not in ("PS", ""):
            raise PlatformError("source.not-ps", 502, device=self._device.id)
        self._input = RtpInput(
            self._assembler,
            self._ssrc if answer.ssrc is None else answer.ssrc,
            crypto=crypto,
            reliable=self.order.media != "udp",
        )

    async def _connect(self, answer: GbSession) -> None:
        assert self._port is not None
        device = self._device
        usable = answer.address not in ("", "0.0.0.0")
        hosts = (answer.address, device.peer.host) if usable else (device.peer.host,)
        try:
            await self._port.connect(hosts, answer.port)
            async with asyncio.timeout(FIRST_PACKET_SECONDS):
                await self._first.wait()
        except TimeoutError:
            raise PlatformError("source.no-media", 504, device=device.id) from None
        except OSError:
            raise PlatformError("source.unreachable", 502, device=device.id) from None

    # Receiving

    def _received(self, data: bytes) -> None:
        self._last_packet = time.monotonic()
        self._first.set()
        for unit in self._input.receive(data):
            self._queue.put(unit)

    def _broken(self, why: str) -> None:
        """The media connection is gone."""
        fault = PlatformError("source.lost", 502, device=self._device.id, why=why)
        if why == "disconnected" and self.order.kind != "Play":
            # At the end of a file some close first and say so afterwards.
            asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._end, fault)
        else:
            self._end(fault)

    def _presence(self, device: str, online: bool) -> None:
        """A device that went offline sends no more, whatever still arrives."""
        if device == self._device.id and not online:
            self._dialog_over()
            self._broken("offline")

    async def _watching(self) -> None:
        """The source is lost when nothing comes, unless it was told to pause."""
        self._last_packet = time.monotonic()
        while not self._queue.ended:
            left = self._last_packet + STALL_SECONDS - time.monotonic()
            if self._paused:
                left = STALL_SECONDS
            elif left <= 0:
                self._broken("stalled")
                return
            await asyncio.sleep(max(left, 0.05))

    def _end(self, fault: PlatformError | None = None) -> None:
        """Hand out what is left, then end."""
        for unit in self._input.flush():
            self._queue.put(unit)
        self._queue.end(fault)

    def _within(self, incoming: IncomingRequest) -> None:
        """A request of the device within the session."""
        if incoming.request.method == "ACK":
            return
        incoming.respond(200)
        if incoming.request.method == "BYE":
            self._dialog_over()
            live = self.order.kind == "Play"
            lost = PlatformError("source.lost", 502, device=self._device.id, why="ended-by-device")
            self._end(lost if live else None)
        elif incoming.request.method in ("MESSAGE", "NOTIFY"):
            with contextlib.suppress(ProtocolError):
                message = parse_manscdp(incoming.request.body)
                if message.command == "MediaStatus" and message.text("NotifyType") == _FILE_END:
                    self.finished()

    def finished(self) -> None:
        """The device said that it sent everything."""
        asyncio.get_running_loop().call_later(_LAST_PACKETS_S, self._end)

    def _dialog_over(self) -> None:
        if self._dialog is not None:
            self._server.dialogs.pop(self._dialog.call_id, None)
            self._dialog = None

    # Reading

    def __aiter__(self) -> AsyncIterator[AccessUnit]:
        """The pictures; see ``Source``."""
        return self._read()

    async def _read(self) -> AsyncIterator[AccessUnit]:
        while (unit := await self._queue.get()) is not None:
            yield unit

    # Steering a recording

    async def pause(self) -> None:
        """See ``PlaybackSource``."""
        await self._steer(pause(self._next_control()))
        self._paused = True

    async def resume(self) -> None:
        """See ``PlaybackSource``."""
        await self._steer(resume(self._next_control()))
        self._go_on()

    async def seek(self, at: float) -> None:
        """See ``PlaybackSource``: the pictures go on with a key picture near ``at``."""
        place = max(0.0, at - self.order.start)
        sequence = await self._steer(seek(self._next_control(), place))
        if isinstance(self._timeline, RecordedTimeline):
            self._timeline.leap(self.order.start + place)
        self._queue.clear()
        self._input.skip_to(sequence)
        self._go_on()

    async def scale(self, factor: float) -> None:
        """See ``PlaybackSource``."""
        await self._steer(speed(self._next_control(), factor))
        self._go_on()

    def _go_on(self) -> None:
        self._paused, self._last_packet = False, time.monotonic()

    def _next_control(self) -> int:
        self._control += 1
        return self._control

    async def _steer(self, command: PlaybackCommand) -> int | None:
        """Send INFO; number of the first packet afterwards when the device tells it.

        Raises:
            PlatformError: ``source.lost``, ``source.refused``, ``source.timeout``.
        """
        if self._dialog is None:
            raise PlatformError("source.lost", 409, device=self._device.id, why="ended")
        request = self._dialog.request("INFO", body=command.to_bytes(), content_type=MANSRTSP)
        response = await self._server.ask(request, self._device, WITHIN_SECONDS)
        status, sequence = response.status, None
        if response.body:
            with contextlib.suppress(ProtocolError):
                answer = parse_answer(response.body)
                status, sequence = max(status, answer.status), answer.rtp_sequence
        if status >= 300:
            raise PlatformError("source.refused", 502, device=self._device.id, answer=status)
        return sequence

    # Ending

    async def close(self) -> None:
        """End the pull with BYE; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._queue.end()
        with contextlib.suppress(ValueError):
            self._server.on_presence.remove(self._presence)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._port is not None:
            self._port.close()
        self._server.ssrcs.release(self._ssrc)
        if self._dialog is not None:
            request = self._dialog.request("BYE")
            self._dialog_over()
            with contextlib.suppress(PlatformError):
                await self._server.ask(request, self._device, BYE_SECONDS)
