"""A stream taken from a camera: DESCRIBE, SETUP, PLAY, packets with arrival times, TEARDOWN."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from protocols.errors import ProtocolError
from protocols.rtsp import Response, Transport, parse_session, parse_transports
from protocols.sdp import Media, SessionDescription, parse_sdp, resolve_control
from protocols.time_source import TimeSource
from targets.camera import DEFAULT_PORTS, CameraTarget
from targets.errors import VisitProblem
from targets.packet_capture import Flow, PacketCapture, TooMuchMediaError, ends_in_file
from targets.rtsp_connection import Frames, RtspConnection
from targets.udp_receiver import Sweep, UdpReceiver, open_pair

End = Literal["complete", "closed-by-device", "stalled", "error"]
_MAXIMUM_TRACKS = 8
_FIRST_PACKET_SECONDS = 5.0
_STALL_SECONDS = 5.0
_TEARDOWN_SECONDS = 2.0
_REPORT_SECONDS = 5.0
#: In the capture file every track has ports of its own on both sides, whatever the transport
#: was: a capture of several sessions then needs only one list of tracks.
_FIRST_CAPTURE_PORT = 50_000


@dataclass
class Track:
    """One media of the session, as set up; the ports are those of the capture file."""

    media: Media
    control: str
    rtp_port: int
    rtcp_port: int
    server_ports: tuple[int, int] | None = None
    channels: tuple[int, int] | None = None
    receivers: list[UdpReceiver] = field(default_factory=list)

    def as_fact(self) -> dict[str, Any]:
        """The track as docs/recordings.md has it."""
        payload_type = next(iter(self.media.payload_types), None)
        mapped = None if payload_type is None else self.media.rtpmap(payload_type)
        return {
            "media": self.media.kind,
            "payload_type": payload_type,
            "encoding": mapped.encoding.upper() if mapped else "",
            "clock_rate": mapped.clock_rate if mapped else None,
            "channels": mapped.channels if mapped else None,
            "format": "" if payload_type is None else self.media.fmtp(payload_type),
            "rtp_port": self.rtp_port,
            "rtcp_port": self.rtcp_port,
        }


@dataclass(frozen=True)
class Reception:
    """How receiving went.

    Attributes:
        first_packet_s: seconds from PLAY to the first packet, ``None`` when none came.
        end: why it ended.
        capture: the packets.
    """

    first_packet_s: float | None
    end: End
    capture: PacketCapture


class RtspSession:
    """A session with one stream. Use ``open_session``.

    Attributes:
        sdp: the session description as it came.
        tracks: what was set up.
        first_packet_seconds, stall_seconds: how long to wait for the first packet after PLAY,
            and for another one later.
    """

    def __init__(self, connection: RtspConnection, uri: str, time_source: TimeSource) -> None:
        self._connection = connection
        self._uri = uri
        self._base = uri
        self._aggregate = uri
        self._time = time_source
        self._session = ""
        self._timeout = 60
        self._alive_method = "OPTIONS"
        self._capture = PacketCapture()
        self._first_frame: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last_frame = 0.0
        self._fault: ProtocolError | None = None
        self._channels: dict[int, int] = {}
        self.sdp = b""
        self.first_packet_seconds = _FIRST_PACKET_SECONDS
        self.stall_seconds = _STALL_SECONDS
        self.tracks: list[Track] = []

    @property
    def round_trip(self) -> float | None:
        """Median time from request to answer in seconds."""
        return self._connection.round_trip

    async def describe(self) -> SessionDescription:
        """Ask what the stream holds; the text is kept in ``sdp``.

        Raises:
            VisitProblem: as ``RtspConnection.request``, or not offered, or malformed.
        """
        public = await self._connection.request("OPTIONS", self._uri)
        if "GET_PARAMETER" in public.header("Public").upper():
            self._alive_method = "GET_PARAMETER"
        answer = _served(
            await self._connection.request("DESCRIBE", self._uri, (("Accept", "application/sdp"),)),
            "DESCRIBE",
        )
        self.sdp = answer.body
        base = answer.header("Content-Base") or answer.header("Content-Location")
        self._base = _same_host(base, self._uri) if base else self._uri
        try:
            return parse_sdp(answer.body)
        except ProtocolError as fault:
            raise VisitProblem("visit.malformed", where="SDP", detail=str(fault)) from None

    async def set_up(self, description: SessionDescription, *, udp: bool) -> None:
        """Set up every video and audio track.

        Raises:
            VisitProblem: refused or malformed; ``visit.not-offered`` with ``what`` = ``UDP``
                when the device refuses that transport.
        """
        wanted = [media for media in description.media if media.kind in ("video", "audio")]
        if not wanted:
            raise VisitProblem("visit.not-offered", what="video", detail="SDP")
        self._close_receivers()
        self.tracks.clear()
        for number, media in enumerate(wanted[:_MAXIMUM_TRACKS]):
            try:
                control = _same_host(resolve_control(self._base, media.control), self._uri)
            except (ProtocolError, ValueError) as fault:
                raise VisitProblem("visit.malformed", where="SDP", detail=str(fault)) from None
            first_port = _FIRST_CAPTURE_PORT + 2 * number
            track = Track(media, control, first_port, first_port + 1)
            self.tracks.append(track)
            await (self._set_up_udp(track, number) if udp else self._set_up_tcp(track, number))
        self._aggregate = _same_host(resolve_control(self._base, description.control), self._uri)

    async def _set_up_udp(self, track: Track, number: int) -> None:
        own, peer = self._connection.addresses
        pair = open_pair(own)
        track.receivers = [
            UdpReceiver(one, 2 * number + role, peer, self._capture, self._time)
            for role, one in enumerate(pair)
        ]
        rtp, rtcp = track.receivers
        wanted = Transport("UDP", client_port=(rtp.port, rtcp.port))
        given = await self._set_up(track, wanted)
        if given.lower == "TCP":
            raise VisitProblem("visit.not-offered", what="UDP", detail="SETUP")
        track.server_ports = given.server_port

    async def _set_up_tcp(self, track: Track, number: int) -> None:
        channels = (2 * number, 2 * number + 1)
        given = await self._set_up(track, Transport("TCP", interleaved=channels))
        if given.lower != "TCP":
            raise VisitProblem("visit.not-offered", what="TCP", detail="SETUP")
        track.channels = given.interleaved or channels
        for role, channel in enumerate(track.channels):
            self._channels[channel] = 2 * number + role

    async def _set_up(self, track: Track, wanted: Transport) -> Transport:
        headers = [("Transport", wanted.build())]
        if self._session:
            headers.append(("Session", self._session))
        response = await self._connection.request("SETUP", track.control, tuple(headers))
        if response.status == 461:
            raise VisitProblem("visit.not-offered", what=wanted.lower, detail="SETUP 461")
        _served(response, "SETUP")
        try:
            self._session, self._timeout = parse_session(response.header("Session"))
            given = parse_transports(response.header("Transport"))
        except ProtocolError as fault:
            raise VisitProblem("visit.malformed", where="SETUP", detail=str(fault)) from None
        if not given:
            raise VisitProblem("visit.malformed", where="SETUP", detail="no RTP transport")
        return given[0]

    async def play(self, seconds: float) -> Reception:
        """Play and receive for ``seconds`` from the first packet on.

        Raises:
            VisitProblem: PLAY was refused, or too much was sent.
        """
        self._connection.on_frames = self._take_frames
        self._last_frame = started = self._time.monotonic()
        headers = (("Session", self._session), ("Range", "npt=0.000-"))
        alive = None
        sweep = Sweep([receiver for track in self.tracks for receiver in track.receivers])
        asked_ns = int(self._time.now() * 1e9)
        try:
            _served(await self._connection.request("PLAY", self._aggregate, headers), "PLAY")
            alive = asyncio.create_task(self._keep_alive())
            first = await self._first_packet(started + self.first_packet_seconds)
            end: End = "stalled" if first is None else await self._receive(first + seconds)
        finally:
            self._connection.on_frames = None
            sweep.close()
            if alive is not None:
                alive.cancel()
            self._close_receivers()
        if isinstance(self._fault, TooMuchMediaError):
            raise VisitProblem("visit.too-much", bytes=self._capture.size)
        arrived = None if first is None else self._first_stamp(asked_ns)
        if self._connection.closed.done() and first is None:
            end = "closed-by-device"
        return Reception(arrived, end, self._capture)

    def _first_stamp(self, asked_ns: int) -> float:
        """Seconds from PLAY to the first packet, by its own time of arrival."""
        earliest = min(time_ns for time_ns, _, _ in self._capture.packets)
        return max(0.0, (earliest - asked_ns) / 1e9)

    def _take_frames(self, time_ns: int, frames: Frames) -> None:
        flows = self._channels
        ours = [(time_ns, flows[channel], data) for channel, data in frames if channel in flows]
        if not ours or self._fault is not None:
            return
        try:
            self._capture.extend(ours)
        except TooMuchMediaError as fault:
            self._fault = fault
            self._connection.abort()
        self._last_frame = self._time.monotonic()
        if not self._first_frame.done():
            self._first_frame.set_result(None)

    def _arrivals(self) -> list[asyncio.Future[None]]:
        receivers = [track.receivers[0].first for track in self.tracks if track.receivers]
        return receivers or [self._first_frame]

    def _last_arrival(self) -> float:
        times = [track.receivers[0].last_arrival for track in self.tracks if track.receivers]
        return max([*times, self._last_frame])

    async def _first_packet(self, deadline: float) -> float | None:
        """Monotonic time of the first packet, or ``None`` when none came by ``deadline``."""
        arrivals = self._arrivals()
        waited: list[asyncio.Future[Any]] = [*arrivals, self._connection.closed]
        await asyncio.wait(
            waited,
            timeout=max(0.0, deadline - self._time.monotonic()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        return self._time.monotonic() if any(one.done() for one in arrivals) else None

    async def _receive(self, deadline: float) -> End:
        while True:
            now = self._time.monotonic()
            if self._faults():
                return "error"
            if now >= deadline:
                return "complete"
            stall = self._last_arrival() + self.stall_seconds
            if now >= stall:
                return "stalled"
            closed = self._connection.closed
            await asyncio.wait([closed], timeout=min(deadline, stall) - now)
            if closed.done():
                return "error" if isinstance(closed.result(), ProtocolError) else "closed-by-device"

    def _faults(self) -> bool:
        for track in self.tracks:
            for receiver in track.receivers:
                self._fault = self._fault or receiver.fault
        return self._fault is not None

    async def _keep_alive(self) -> None:
        """Receiver reports for the path and the device, requests for the session."""
        interval = max(1.0, min(_REPORT_SECONDS, self._timeout / 3))
        due = self._time.monotonic() + self._timeout / 2
        while True:
            for track in self.tracks:
                self._report(track)
            await asyncio.sleep(interval)
            if self._time.monotonic() >= due:
                with contextlib.suppress(VisitProblem):
                    headers = (("Session", self._session),)
                    await self._connection.request(self._alive_method, self._aggregate, headers)
                due = self._time.monotonic() + self._timeout / 2

    @staticmethod
    def _report(track: Track) -> None:
        """An empty receiver report (RFC 3550, 6.4.2): opens the path, shows that we listen."""
        if track.receivers and track.server_ports:
            for receiver, port in zip(track.receivers, track.server_ports, strict=True):
                receiver.send(_EMPTY_REPORT, port)

    def flows(self) -> list[Flow]:
        """Where each flow of the capture file comes from and goes to."""
        own, peer = self._connection.addresses
        peer, own = ends_in_file(peer, own)
        ports = [port for track in self.tracks for port in (track.rtp_port, track.rtcp_port)]
        return [Flow((peer, port), (own, port)) for port in ports]

    def _close_receivers(self) -> None:
        for track in self.tracks:
            for receiver in track.receivers:
                receiver.close()

    async def close(self) -> None:
        """End the session at the device, whatever happened before."""
        self._close_receivers()
        if self._session and not self._connection.closed.done():
            with contextlib.suppress(VisitProblem):
                await self._connection.request(
                    "TEARDOWN", self._aggregate, (("Session", self._session),),
                    seconds=_TEARDOWN_SECONDS,
                )  # fmt: skip
        self._connection.abort()


_EMPTY_REPORT = struct.pack(">BBHI", 0x80, 201, 1, 0x74616E74) + struct.pack(
    ">BBHIBB6s4x", 0x81, 202, 4, 0x74616E74, 1, 6, b"tantou"
)


@asynccontextmanager
async def open_session(
    camera: CameraTarget, uri: str, *, time_source: TimeSource
) -> AsyncIterator[RtspSession]:
    """Connect to the stream at ``uri``; the session is torn down on leaving.

    The host of ``uri`` must be the camera's (see ``OnvifClient.reachable``).

    Raises:
        VisitProblem: no connection.
    """
    parts = urlsplit(uri)
    connection = await RtspConnection.connect(
        camera.host,
        parts.port or DEFAULT_PORTS[parts.scheme],
        secure=parts.scheme == "rtsps",
        options=camera.options,
        time_source=time_source,
        user=camera.user,
        secret=camera.secret() if camera.user else None,
    )
    session = RtspSession(connection, uri, time_source)
    try:
        yield session
    finally:
        await session.close()


def _served(response: Response, method: str) -> Response:
    if response.status != 200:
        raise VisitProblem("visit.not-offered", what=f"RTSP {method}", detail=str(response.status))
    return response


def _same_host(address: str, uri: str) -> str:
    """``address`` on the host, port and scheme of ``uri``: a device behind NAT knows no better."""
    try:
        parts, own = urlsplit(address), urlsplit(uri)
    except ValueError as error:
        raise VisitProblem("visit.malformed", where="SDP", detail="address") from error
    return urlunsplit((own.scheme, own.netloc, parts.path, parts.query, ""))
