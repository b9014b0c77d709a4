"""The uplink itself: a camera, a platform stand-in, and what goes between them.

The platform connects to the camera, asks for the stream over RTSP and fetches a snapshot. By
default all of it goes through TLS with a certificate that the platform checks.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable

from simulators.camera import clips
from simulators.camera.encoders import ClipSpec, jpeg, picture
from simulators.uplink import signalling
from simulators.uplink.behaviours import UPLINK_BEHAVIOURS, LinkPlan, plans
from simulators.uplink.gb28181 import ProgramStreamSource, RegisteredPlan, converse
from simulators.uplink.media import (
    Clear,
    Masked,
    RtpSource,
    Secure,
    Unencrypted,
    base64_line,
    interleaved,
    paced,
)
from simulators.uplink.transport import client_side, server_side, udp_endpoint

DEFAULT_CLIP = ClipSpec(width=640, height=360, fps=25.0, seconds=2.0, bitrate_kbps=1000, gop=25)
_EPISODE_SECONDS = 4.0
_SHORTEST_SECONDS = 0.5
_INTERLEAVED = "RTP/AVP/TCP;interleaved=0-1"


class Uplink:
    """A camera at one loopback address talking to a platform stand-in at another.

    Attributes:
        camera_address, platform_address: of the two ends; ports are free ones.
        behaviours: names of this module's behaviours and any others, which are ignored; read at
            the beginning of each episode, so they can be switched while it runs.
    """

    def __init__(
        self,
        camera_address: str,
        platform_address: str,
        behaviours: Iterable[str] = (),
        *,
        clip: ClipSpec = DEFAULT_CLIP,
        seed: int = 0,
    ) -> None:
        self.camera_address = camera_address
        self.platform_address = platform_address
        self.behaviours = behaviours if isinstance(behaviours, set) else set(behaviours)
        self._spec = clip
        self._seed = seed
        self._registrations = 0
        self._snapshot = b""
        self._task: asyncio.Task[None] | None = None

    async def run(self, seconds: float) -> None:
        """Talk for ``seconds``: episodes of connecting, streaming and disconnecting."""
        clip = await asyncio.to_thread(clips.encode, self._spec)
        source = RtpSource(clip, self._seed)
        registered = ProgramStreamSource(clip, self._seed)
        self._snapshot = await asyncio.to_thread(self._picture)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > _SHORTEST_SECONDS:
            chosen = plans(self.behaviours & UPLINK_BEHAVIOURS)
            # A rest too short for an episode of its own joins this one.
            span = left if left < 1.5 * _EPISODE_SECONDS else _EPISODE_SECONDS
            for plan in chosen:
                if isinstance(plan, RegisteredPlan):
                    ends = self.camera_address, self.platform_address
                    # Keys are for one tunnel only: every registration draws its own.
                    self._registrations += 1
                    seed = self._seed + self._registrations
                    await converse(plan, registered, span / len(chosen), *ends, seed)
                else:
                    await self._connect(plan, source, span / len(chosen))

    async def start(self) -> None:
        """Talk until ``stop``."""
        self._task = asyncio.create_task(self.run(float("inf")))

    async def stop(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def _picture(self) -> bytes:
        return jpeg(self._spec, picture(self._spec, 0))

    async def _connect(self, plan: LinkPlan, source: RtpSource, seconds: float) -> None:
        """One connection: signalling, media for ``seconds``, a snapshot in the middle."""
        if plan.beside:
            await self._ask_beside()
        finished = asyncio.Event()
        serving: list[asyncio.Task[None] | None] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            serving.append(asyncio.current_task())
            # A cancelled handler is how this connection is hung up, not a fault.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(plan, source, seconds, reader, writer)
            finished.set()
            writer.close()

        server = await asyncio.start_server(
            serve, self.camera_address, 0, ssl=server_side(self.camera_address, plan.tls)
        )
        async with server:
            pulling = asyncio.create_task(self._pull(server, plan))
            snapshot = asyncio.create_task(self._fetch_snapshot(plan, seconds / 2))
            try:
                await finished.wait()
                await asyncio.gather(pulling, snapshot)
            finally:
                tasks = [task for task in (pulling, snapshot, *serving) if task is not None]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _pull(self, server: asyncio.Server, plan: LinkPlan) -> None:
        """The platform's side of a connection: ask, then read to the end."""
        reader, writer = await self._open(server, plan.tls)
        try:
            transport = _INTERLEAVED if plan.media == "interleaved" else "RTP/AVP;unicast"
            for request in (
                signalling.describe(self.camera_address),
                signalling.setup(self.camera_address, transport),
                signalling.play(self.camera_address),
            ):
                writer.write(request)
                await writer.drain()
                header = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_body_length(header))
            while await reader.read(65_536):
                pass
        finally:
            await _close(writer)

    async def _serve(
        self,
        plan: LinkPlan,
        source: RtpSource,
        seconds: float,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """The camera's side: answer, then send."""
        protection = _protection(plan, self._seed)
        key = protection.key if isinstance(protection, Secure) and plan.tls != "none" else b""
        encoding = self._spec.codec
        answers = (
            signalling.description(self.camera_address, encoding, key),
            signalling.accepted(2, _INTERLEAVED if plan.media == "interleaved" else "RTP/AVP"),
            signalling.accepted(3),
        )
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        if plan.media == "interleaved":
            await self._send_stream(source, seconds, writer, interleaved_too=True)
        elif plan.media == "base64":
            await self._send_base64(source, seconds)
        else:
            await self._send_datagrams(source, seconds, protection)

    async def _send_stream(
        self,
        source: RtpSource,
        seconds: float,
        writer: asyncio.StreamWriter,
        *,
        interleaved_too: bool,
    ) -> None:
        async for packets, report in paced(source.pictures(time.time()), seconds):
            if interleaved_too:
                pieces = [interleaved(0, packet) for packet in packets]
                pieces += [interleaved(1, report)] if report else []
            else:
                pieces = [base64_line(packet) for packet in packets]
            writer.write(b"".join(pieces))
            await writer.drain()

    async def _send_base64(self, source: RtpSource, seconds: float) -> None:
        """A second connection, which the camera opens, for the encoded media."""

        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(65_536):
                pass
            await _close(writer)

        server = await asyncio.start_server(swallow, self.platform_address, 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            _, writer = await asyncio.open_connection(
                self.platform_address, port, local_addr=(self.camera_address, 0)
            )
            try:
                await self._send_stream(source, seconds, writer, interleaved_too=False)
            finally:
                await _close(writer)

    async def _send_datagrams(self, source: RtpSource, seconds: float, protection: Clear) -> None:
        ends = [
            await udp_endpoint(address)
            for address in (self.camera_address, self.platform_address)
            for _ in ("media", "control")
        ]
        media, control, media_sink, control_sink = ends
        try:
            async for packets, report in paced(source.pictures(time.time()), seconds):
                for packet in packets:
                    media.sendto(protection.rtp(packet), media_sink.get_extra_info("sockname"))
                if report:
                    control.sendto(protection.rtcp(report), control_sink.get_extra_info("sockname"))
        finally:
            for end in ends:
                end.close()

    async def _fetch_snapshot(self, plan: LinkPlan, after: float) -> None:
        await asyncio.sleep(after)
        if plan.redirect:
            await self._http(signalling.redirect(self.camera_address), "none")
        tls = plan.tls if plan.snapshot_tls and plan.tls != "none" else "sound"
        await self._http(
            signalling.snapshot_answer(self._snapshot), tls if plan.snapshot_tls else "none"
        )

    async def _http(self, answer: bytes, tls: str) -> None:
        """One request of the platform for the snapshot, answered with ``answer``."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await writer.drain()
            await _close(writer)

        server = await asyncio.start_server(
            serve, self.camera_address, 0, ssl=server_side(self.camera_address, tls)
        )
        async with server:
            reader, writer = await self._open(server, tls)
            writer.write(signalling.get_snapshot(self.camera_address))
            await writer.drain()
            while await reader.read(65_536):
                pass
            await _close(writer)

    async def _open(
        self, server: asyncio.Server, tls: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = server.sockets[0].getsockname()[1]
        return await asyncio.open_connection(
            self.camera_address, port, ssl=client_side(tls), local_addr=(self.platform_address, 0)
        )

    async def _ask_beside(self) -> None:
        end = await udp_endpoint(self.camera_address)
        end.sendto(signalling.dns_query("time.example"), (self.platform_address, 53))
        end.sendto(signalling.ntp_request(), (self.platform_address, 123))
        await asyncio.sleep(0)
        end.close()


def _protection(plan: LinkPlan, seed: int) -> Clear:
    kinds = {"srtp": Secure, "null-srtp": Unencrypted, "xor": Masked}
    kind = kinds.get(plan.media)
    return kind(seed) if kind is not None else Clear()


def _body_length(header: bytes) -> int:
    for line in header.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
