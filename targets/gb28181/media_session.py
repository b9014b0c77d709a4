"""A media session with a device: INVITE, media, INFO, BYE, and a look at what comes afterwards.

Flows of GB/T 28181-2016 9.2 and 9.8 as seen between platform and device; SRTP by SDES (RFC 4568)
is offered where the signalling is encrypted, and plain media is taken as well.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from protocols.addresses import UNSPECIFIED
from protocols.errors import ProtocolError
from protocols.gb28181.mansrtsp import CONTENT_TYPE as MANSRTSP
from protocols.gb28181.sdp import CONTENT_TYPE as SDP
from protocols.gb28181.sdp import GbSession, build_offer, parse_session
from protocols.gb28181.ssrc import format_y
from protocols.gb28181.subject import Subject
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, Peer, SipTimeoutError
from protocols.sip.message import SipRequest, SipResponse
from protocols.srtp import CryptoLine, new_crypto_line, parse_crypto_line
from targets.errors import VisitProblem
from targets.gb28181.media_receiver import (
    MediaReceiver,
    MediaTransport,
    TcpMedia,
    UdpMedia,
    flows_of,
    opened,
)
from targets.packet_capture import PacketCapture

if TYPE_CHECKING:
    from targets.gb28181.device import RegisteredDevice

Kind = Literal["Play", "Playback", "Download"]
ANSWER_SECONDS = 15.0
FIRST_PACKET_SECONDS = 10.0
BYE_SECONDS = 5.0


@dataclass
class MediaOrder:
    """What is wanted.

    Attributes:
        kind: ``s=``.
        channel: whose video; "" for the device's own.
        transport: of the media.
        start, stop: POSIX seconds of a recording.
        speed: of a download.
        secure: whether to offer SRTP; ``None``: when the signalling goes over TLS.
    """

    kind: Kind = "Play"
    channel: str = ""
    transport: MediaTransport = "udp"
    start: int = 0
    stop: int = 0
    speed: int | None = None
    secure: bool | None = None


@dataclass
class MediaOutcome:
    """Times are reference time, POSIX seconds; ``None`` for what did not happen."""

    ssrc: int
    invited_at: float = 0.0
    call_id: str = ""
    answered_at: float | None = None
    status: int | None = None
    acked_at: float | None = None
    first_packet_at: float | None = None
    bye_at: float | None = None
    bye_status: int | None = None
    bye_by: str | None = None
    watched_after_bye_s: float = 0.0
    problem: dict[str, Any] | None = None
    srtp: bool = False
    not_protected: int = 0
    file_size: int | None = None
    media_status_at: float | None = None
    dropped_by_receiver: int = 0
    deviations: list[str] = field(default_factory=list)


class MediaSession:
    """One session. Use as an asynchronous context manager: it begins, and ends with BYE."""

    def __init__(self, device: RegisteredDevice, order: MediaOrder) -> None:
        self.device = device
        self.order = order
        self.platform = device.platform
        self.outcome = MediaOutcome(self.platform.ssrcs.allocate(history=order.kind != "Play"))
        self.answer: GbSession | None = None
        self.ended_by_device = False
        self._receiver: MediaReceiver | None = None
        self._dialog: Dialog | None = None
        self._peer: Peer | None = None
        self._host = ""
        self._crypto: CryptoLine | None = None
        self._setup = ""

    async def __aenter__(self) -> MediaSession:
        try:
            await self._begin()
        except VisitProblem as problem:
            reason = problem.reason
            self.outcome.problem = {"code": reason.code, "parameters": dict(reason.parameters)}
        except BaseException:
            await self._release()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.end()
        finally:
            await self._release()

    @property
    def receiver(self) -> MediaReceiver:
        """Where the media go."""
        assert self._receiver is not None
        return self._receiver

    @property
    def running(self) -> bool:
        """Whether the session stands."""
        return self._dialog is not None and self.outcome.bye_at is None

    async def _begin(self) -> None:
        """INVITE, ACK, first packet.

        Raises:
            VisitProblem: no session, or no media.
        """
        platform, order, outcome = self.platform, self.order, self.outcome
        peer = self.device.peer
        self._peer = peer
        self._host = self.device.address[0]
        local = platform.settings.address
        if order.transport == "udp":
            self._receiver = UdpMedia(local, self.device.address[0], platform.time)
        else:
            passive = order.transport == "tcp-device-passive"
            self._receiver = TcpMedia(local, platform.time, active=passive)
        request = self._invite(peer)
        outcome.call_id = request.headers.get("Call-ID") or ""
        outcome.invited_at = platform.time.now()
        response = await self._answered(request, peer)
        outcome.answered_at, outcome.status = platform.time.now(), response.status
        if response.status >= 300:
            detail = f"{response.status}"
            raise VisitProblem("visit.not-offered", what=f"INVITE {order.kind}", detail=detail)
        await self._accepted(request, response)

    def _invite(self, peer: Peer) -> SipRequest:
        platform, order, outcome = self.platform, self.order, self.outcome
        settings = platform.settings
        channel = order.channel or self.device.id
        secure = peer.transport == "tls" if order.secure is None else order.secure
        self._crypto = new_crypto_line() if secure else None
        tcp = order.transport != "udp"
        if tcp:
            self._setup = "active" if order.transport == "tcp-device-passive" else "passive"
        history = order.kind != "Play"
        body = build_offer(
            owner=settings.server_id,
            address=settings.address,
            port=self.receiver.port,
            ssrc=outcome.ssrc,
            name=order.kind,
            transport="tcp" if tcp else "udp",
            setup=self._setup,
            channel=channel if history else "",
            start=order.start,
            stop=order.stop,
            download_speed=order.speed,
            crypto=[self._crypto.build()] if self._crypto is not None else (),
        )
        subject = Subject(channel, format_y(outcome.ssrc), settings.server_id, "0")
        return platform.new_request(
            "INVITE",
            self.device,
            user=channel,
            headers=(("Subject", str(subject)),),
            content_type=SDP,
            body=body,
        )

    async def _answered(self, request: SipRequest, peer: Peer) -> SipResponse:
        endpoint = self.platform.endpoint
        try:
            return await endpoint.request(request, peer, timeout=ANSWER_SECONDS)
        except TimeoutError as fault:
            raise VisitProblem(
                "visit.no-answer-by-sip", what="INVITE", seconds=ANSWER_SECONDS
            ) from fault
        except OSError as fault:
            detail = fault.strerror or type(fault).__name__
            raise VisitProblem("visit.unreachable", detail=detail) from fault

    async def _accepted(self, request: SipRequest, response: SipResponse) -> None:
        outcome, peer = self.outcome, self._peer
        assert peer is not None
        try:
            self._dialog = Dialog.from_uac(request, response)
        except ProtocolError as fault:
            raise VisitProblem("visit.malformed", where="INVITE", detail=str(fault)) from fault
        self.device.on_ended[outcome.call_id] = self._ended
        self.platform.endpoint.send(self._dialog.request("ACK"), peer)
        outcome.acked_at = self.platform.time.now()
        try:
            self.answer = parse_session(response.body)
        except ProtocolError as fault:
            raise VisitProblem("visit.malformed", where="SDP", detail=str(fault)) from fault
        outcome.file_size = self.answer.file_size
        if self._setup and self.answer.setup == self._setup:
            outcome.deviations.append("sdp-answer-setup")  # both would connect, or both wait
        self._agree(self.answer)
        try:
            host = self.answer.address
            own = self.device.address[0]
            await self.receiver.connect(own if host in UNSPECIFIED else host, self.answer.port)
        except ConnectionRefusedError as fault:
            raise VisitProblem("visit.refused") from fault
        except (OSError, TimeoutError) as fault:
            detail = getattr(fault, "strerror", None) or type(fault).__name__
            raise VisitProblem("visit.unreachable", detail=f"media: {detail}") from fault
        if not await self.receiver.first_packet(FIRST_PACKET_SECONDS):
            raise VisitProblem("visit.timeout", seconds=FIRST_PACKET_SECONDS, waiting_for="RTP")

    def _agree(self, answer: GbSession) -> None:
        """Which key the device protects its packets with, if it does."""
        offered, self._crypto = self._crypto, None
        if offered is None or not answer.crypto:
            return
        try:
            self._crypto = parse_crypto_line(answer.crypto[0])
        except ProtocolError:
            self.outcome.deviations.append("sdp-crypto")
            return
        self.outcome.srtp = bool(self._crypto.encrypts)

    def _ended(self, _: IncomingRequest) -> None:
        """The device said BYE."""
        self.ended_by_device = True
        if self.outcome.bye_at is None:
            self.outcome.bye_at = self.platform.time.now()
            self.outcome.bye_by = "device"

    async def info(self, body: bytes) -> int | None:
        """Send INFO with a MANSRTSP body (annex B); the status, ``None`` for no answer."""
        return await self._within("INFO", body, MANSRTSP)

    async def _within(self, method: str, body: bytes = b"", content_type: str = "") -> int | None:
        assert self._dialog is not None
        request = self._dialog.request(method, body=body, content_type=content_type)
        try:
            peer = self.device.peer
            response = await self.platform.endpoint.request(request, peer, timeout=BYE_SECONDS)
        except (SipTimeoutError, OSError):
            return None
        return response.status

    async def end(self, watch_seconds: float = 0.0) -> None:
        """BYE, unless the session has ended, and watch what comes afterwards."""
        outcome = self.outcome
        if self._dialog is not None and outcome.bye_at is None:
            outcome.bye_at, outcome.bye_by = self.platform.time.now(), "platform"
            outcome.bye_status = await self._within("BYE")
        if watch_seconds and self._dialog is not None:
            await asyncio.sleep(watch_seconds)
            outcome.watched_after_bye_s = watch_seconds

    async def _release(self) -> None:
        self.platform.ssrcs.release(self.outcome.ssrc)
        if self._receiver is not None:
            self._receiver.flush()
            await self._receiver.close()
        packets = self._receiver.capture.packets if self._receiver is not None else []
        if packets:
            self.outcome.first_packet_at = min(one[0] for one in packets) / 1e9

    def clear(self) -> PacketCapture:
        """The packets, opened where a key was agreed; to be asked once the session has ended."""
        if self._receiver is None:
            return PacketCapture()
        capture = self._receiver.capture
        if self._crypto is not None:
            try:
                capture, self.outcome.not_protected = opened(capture, self._crypto)
            except ValueError:
                self.outcome.deviations.append("sdp-crypto-suite")
        return capture

    def to_pcap(self) -> bytes:
        """The media as a capture file, in clear where a key was agreed."""
        capture = self.clear()
        if self._receiver is None:
            return b""
        local = self.platform.settings.address
        self.outcome.dropped_by_receiver = capture.dropped
        device = self._host or "0.0.0.0"
        return capture.to_pcap(flows_of(self._receiver, local, device))
