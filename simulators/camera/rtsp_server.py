"""The RTSP and RTSPS server of a simulated camera (RFC 2326)."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from protocols.errors import ProtocolError
from protocols.http_digest import DigestGuard, parse_authorization
from protocols.rtsp import (
    InterleavedFrame,
    Request,
    Response,
    RtpInfo,
    RtspParser,
    Transport,
    build_rtp_info,
    parse_transports,
)
from simulators.behaviours import defect, variant
from simulators.camera import rtsp_description, rtsp_hostility, stream_plan
from simulators.camera.rtp_track import TcpCarrier, UdpCarrier
from simulators.camera.rtsp_session import TIMEOUT_S, Session, Stream
from simulators.camera.state import CameraState
from simulators.certificates import behaviour_defect, server_context

ANONYMOUS = defect("anonymous-rtsp", "Streams are given without a password.")
WEAK = defect("weak-on-rtsp-only", "The RTSP service alone still takes a factory password.")
FLAPPING = defect("flapping", "Only every third stream that is asked for is given.")
_FACTORY_PASSWORD = "123456"
_FLAPPING_PERIOD = 3
SHA256 = variant("sha256-digest", "SHA-256 digest is offered first, MD5 second.")
TCP_ONLY = variant("tcp-only", "Streams are sent interleaved in the RTSP connection only.")
RTSPS_ONLY = variant("rtsps-only", "RTSP is spoken over TLS only.")

_METHODS = (
    "OPTIONS",
    "DESCRIBE",
    "SETUP",
    "PLAY",
    "PAUSE",
    "GET_PARAMETER",
    "SET_PARAMETER",
    "TEARDOWN",
)
_IDLE_S = 150.0
_REALM = "Tantou camera"


class RtspServer:
    """Serves the streams of one camera at ``state.address``.

    Ports ``rtsp`` and ``rtsps`` of 0 are replaced in ``state.ports`` by those the system gave;
    one that is missing there is not opened.

    Args:
        password_of: the password of a user, None for an unknown one; by default the one user of
            the state.
        footage: path of a video file shown instead of the painted scene.
    """

    def __init__(
        self,
        state: CameraState,
        *,
        password_of: Callable[[str], str | None] | None = None,
        footage: str = "",
    ) -> None:
        self.state = state
        self.footage = footage
        self._password_of = password_of or self._one_user
        self._described = 0
        self._guard = DigestGuard(_REALM, ("MD5",))
        self._strong_guard = DigestGuard(_REALM, ("SHA-256", "MD5"))
        self._listeners: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    def password_of(self, user: str) -> str | None:
        """The password that this service asks of a user, None for an unknown one."""
        password = self._password_of(user)
        return _FACTORY_PASSWORD if password is not None and self.state.has(WEAK) else password

    def away(self) -> bool:
        """Whether the camera flaps and is away at this request for a stream."""
        self._described += 1
        return self.state.has(FLAPPING) and self._described % _FLAPPING_PERIOD != 1

    @property
    def guard(self) -> DigestGuard:
        """Who judges passwords now."""
        return self._strong_guard if self.state.has(SHA256) else self._guard

    async def start(self) -> None:
        """Open the ports; a camera that refuses opens none.

        Raises:
            OSError: a port cannot be had.
        """
        if self.state.has(rtsp_hostility.REFUSES):
            return
        try:
            if not self.state.has(RTSPS_ONLY):
                await self._listen("rtsp")
            await self._listen("rtsps")
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the ports and end all sessions."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _listen(self, scheme: str) -> None:
        if scheme not in self.state.ports:
            return
        address = self.state.address
        context = None
        if scheme == "rtsps":
            context = server_context(address, defect=behaviour_defect(self.state.behaviours))
        listener = await asyncio.start_server(
            lambda reader, writer: self._connected(reader, writer, scheme == "rtsps"),
            address,
            self.state.ports[scheme],
            ssl=context,
        )
        self._listeners.append(listener)
        self.state.ports[scheme] = listener.sockets[0].getsockname()[1]

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secure: bool
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        connection = _Connection(self, reader, writer, secure)
        try:
            await connection.serve()
        except (OSError, ProtocolError, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            await connection.close()

    def _one_user(self, user: str) -> str | None:
        return self.state.password if user == self.state.user else None


class _Connection:
    """One client: requests answered in order, its sessions end with it."""

    def __init__(
        self,
        server: RtspServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        secure: bool,
    ) -> None:
        self._server = server
        self._state = server.state
        self._reader = reader
        self._writer = writer
        self._secure = secure
        self._sessions: dict[str, Session] = {}
        self._described: dict[str, Stream] = {}

    async def serve(self) -> None:
        """Answer until the client leaves, breaks the protocol or falls silent."""
        parser = RtspParser(maximum_header=16_384, maximum_body=65_536)
        while True:
            message = parser.next_message()
            if message is None:
                async with asyncio.timeout(None if self._busy() else _IDLE_S):
                    data = await self._reader.read(65_536)
                if not data:
                    return
                parser.feed(data)
            elif isinstance(message, InterleavedFrame):
                for session in self._sessions.values():
                    session.alive()
            elif isinstance(message, Request):
                if await rtsp_hostility.misbehave(self._state, message, self._writer):
                    return
                await self._send(message, await self._answer(message))

    async def close(self) -> None:
        """End the sessions and the connection."""
        for session in self._sessions.values():
            await session.end()
        self._sessions.clear()
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()

    def _busy(self) -> bool:
        return any(session.playing for session in self._sessions.values())

    async def _send(self, request: Request, response: Response) -> None:
        headers = (("CSeq", str(request.sequence or 0)), ("Server", "Tantou-camera"))
        whole = replace(response, headers=headers + response.headers)
        data = rtsp_hostility.spoil(self._state, request, whole.to_bytes())
        self._writer.write(data)
        await self._writer.drain()

    async def _answer(self, request: Request) -> Response:
        if request.method not in _METHODS:
            return Response(501)
        if request.sequence is None:
            return Response(400)
        if request.method == "OPTIONS":
            return Response(200, (("Public", ", ".join(_METHODS)),))
        if refusal := self._refusal(request):
            return refusal
        if request.method == "DESCRIBE":
            return Response(503) if self._server.away() else await self._describe(request)
        if request.method == "SETUP":
            return self._setup(request)
        session = self._sessions.get(request.header("Session").partition(";")[0].strip())
        if session is None:
            sessionless = request.method in ("GET_PARAMETER", "SET_PARAMETER")
            return Response(200 if sessionless and not request.header("Session") else 454)
        session.alive()
        return await self._in_session(request, session)

    async def _in_session(self, request: Request, session: Session) -> Response:
        named = (("Session", session.identifier),)
        if request.method == "PLAY":
            return self._play(request, session)
        if request.method == "PAUSE":
            await session.pause()
        elif request.method == "TEARDOWN":
            await session.end()
            del self._sessions[session.identifier]
        return Response(200, named)

    def _refusal(self, request: Request) -> Response | None:
        """401 with challenges, or None when the client may go on."""
        if self._state.anonymous_rtsp or self._state.has(ANONYMOUS):
            return None
        guard = self._server.guard
        now = asyncio.get_running_loop().time()
        judged = "refused"
        if header := request.header("Authorization"):
            with contextlib.suppress(ProtocolError):
                user = parse_authorization(header).user
                password = self._server.password_of(user)
                if password is not None:
                    judged = guard.verify(header, request.method, password, now)
        if judged == "ok":
            return None
        challenges = guard.challenges(now, stale=judged == "stale")
        return Response(401, tuple(("WWW-Authenticate", one.build()) for one in challenges))

    def _stream(self, uri: str) -> tuple[Stream, str] | None:
        """The stream of a URI and the control part behind it, as described before or as now."""
        try:
            path = urlsplit(uri).path
        except ValueError:
            return None
        found = re.fullmatch(r"/(main|sub|third)(?:/(trackID=[01]))?/?", path)
        if not found:
            return None
        which = {name: name for name in stream_plan.STREAMS}[found[1]]  # type: ignore[index]
        stream = self._described.get(which)
        if stream is None:
            settings = replace(stream_plan.settings_of(self._state, which))
            stream = Stream(self._state, which, settings, self._server.footage)
        return stream, found[2] or ""

    async def _describe(self, request: Request) -> Response:
        self._described.clear()
        found = self._stream(request.uri)
        if found is None:
            return Response(404)
        stream = found[0]
        self._described[stream.which] = stream
        body = (await rtsp_description.describe(stream)).build().encode()
        base = request.uri if request.uri.endswith("/") else request.uri + "/"
        return Response(
            200,
            (
                ("Content-Base", base),
                ("Content-Type", "application/sdp"),
                ("Content-Length", str(len(body))),
            ),
            body,
        )

    def _setup(self, request: Request) -> Response:
        found = self._stream(request.uri)
        if found is None:
            return Response(404)
        stream, control = found
        identifier = request.header("Session").partition(";")[0].strip()
        session = self._sessions.get(identifier)
        if identifier and session is None:
            return Response(454)
        if session is not None and session.playing:
            return Response(455)
        session = session or Session(stream)
        medium = "audio" if control == "trackID=1" else "video"
        if medium == "audio" and session.sound is None:
            return Response(404)
        try:
            offers = parse_transports(request.header("Transport"))
        except ProtocolError:
            return Response(400)
        for offer in offers:
            if answered := self._carry(session, medium, offer):
                self._sessions[session.identifier] = session
                named = f"{session.identifier};timeout={TIMEOUT_S}"
                return Response(200, (("Transport", answered.build()), ("Session", named)))
        return Response(461)

    def _carry(self, session: Session, medium: str, offer: Transport) -> Transport | None:
        """Make the carrier of an offered transport, None when it is not spoken."""
        if offer.secure or not offer.unicast:
            return None
        if offer.lower == "TCP":
            track = session.add_track(medium)
            channels = offer.interleaved or (0, 1)
            track.carrier = TcpCarrier(self._writer, channels)
            return Transport(lower="TCP", interleaved=channels, ssrc=track.ssrc, mode="PLAY")
        if self._secure or self._state.has(TCP_ONLY) or offer.client_port is None:
            return None
        track = session.add_track(medium)
        peer = self._writer.get_extra_info("peername")[0]
        carrier = UdpCarrier(self._state.address, peer, offer.client_port, session.alive)
        if track.carrier is not None:
            track.carrier.close()
        track.carrier = carrier
        return Transport(
            client_port=offer.client_port,
            server_port=carrier.ports,
            ssrc=track.ssrc,
            source=self._state.address,
            mode="PLAY",
        )

    def _play(self, request: Request, session: Session) -> Response:
        base = re.sub(r"/trackID=\d+/?$|/$", "", request.uri)
        infos = [
            RtpInfo(f"{base}/{track.control}", track.sequence, track.timestamp(session.media_time))
            for track in session.tracks.values()
        ]
        if not session.playing:
            loop = asyncio.get_running_loop()
            loop.call_soon(session.play, self._writer.transport.abort)
        return Response(
            200,
            (
                ("Session", session.identifier),
                ("Range", "npt=now-"),
                ("RTP-Info", build_rtp_info(infos)),
            ),
        )
