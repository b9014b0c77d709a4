"""Cameras that do not register: pictures by RTSP over TCP, pulled in a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import av
import av.error

from protocols.time_source import TimeSource
from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit, VideoCodec
from reference_platform.signalling.nal_units import pictures_of
from reference_platform.signalling.picture_queue import PictureQueue
from reference_platform.signalling.pictures import SteadyClock
from reference_platform.signalling.sessions import STALL_SECONDS

_OPEN_SECONDS = 8.0
_CODECS: dict[str, VideoCodec] = {"h264": "h264", "hevc": "h265"}
_TICKS = 90_000
_PREFIX = b"\0\0\0\1"


def with_login(url: str, user: str, password: str) -> str:
    """An RTSP URL with the log-in in it; never to be shown."""
    if not user:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


class RtspSource:
    """One pull; made by ``begin``, an asynchronous iterator of its pictures."""

    def __init__(self, device: str, url: str, time_source: TimeSource) -> None:
        self._device = device
        self._url = url
        self._time = time_source
        self._loop = asyncio.get_running_loop()
        self._queue = PictureQueue()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"rtsp-{device}", daemon=True)

    @classmethod
    async def begin(cls, device: str, url: str, time_source: TimeSource) -> RtspSource:
        """Open the stream.

        Raises:
            PlatformError: ``source.refused``, ``source.timeout``, ``source.unreachable``,
                ``source.no-media``.
        """
        source = cls(device, url, time_source)
        source._thread.start()
        try:
            async with asyncio.timeout(_OPEN_SECONDS + 2):
                await asyncio.shield(source._opened)
        except TimeoutError:
            await source.close()
            raise PlatformError("source.timeout", 504, device=device, what="RTSP") from None
        except BaseException:
            await source.close()
            raise
        return source

    def __aiter__(self) -> AsyncIterator[AccessUnit]:
        """The pictures; see ``Source``."""
        return self._read()

    async def _read(self) -> AsyncIterator[AccessUnit]:
        while (unit := await self._queue.get()) is not None:
            yield unit

    async def close(self) -> None:
        """End the pull; the thread ends with its next packet or by its time-out."""
        self._stop.set()
        self._queue.end()
        if self._opened.done() and not self._opened.cancelled():
            self._opened.exception()

    # In the thread

    def _run(self) -> None:
        try:
            with av.open(
                self._url,
                options={"rtsp_transport": "tcp", "fflags": "nobuffer"},
                timeout=(_OPEN_SECONDS, STALL_SECONDS),
            ) as container:
                self._pull(container)
        except av.error.FFmpegError as fault:
            self._tell(self._failed, _code_of(fault))
        except OSError:
            self._tell(self._failed, "source.unreachable")
        else:
            self._tell(self._failed, "source.ended")

    def _pull(self, container: Any) -> None:
        stream = next((one for one in container.streams.video if one.codec.name in _CODECS), None)
        if stream is None:
            raise av.error.InvalidDataError(0, "no stream of H.264 or H.265")
        codec = _CODECS[stream.codec.name]
        sets = _parameter_sets(bytes(stream.codec_context.extradata or b""), codec)
        self._tell(self._is_open)
        clock = SteadyClock()
        started = False
        for packet in container.demux(stream):
            if self._stop.is_set():
                return
            if packet.pts is None or not packet.size:
                continue
            ticks = int(packet.pts * packet.time_base * _TICKS)
            for picture in pictures_of(bytes(packet), codec):
                sets = picture.parameter_sets or sets
                if not picture.slices or not (started or picture.key):
                    continue
                started = True
                lacks = picture.key and not picture.parameter_sets
                data = sets + picture.data if lacks else picture.data
                at = self._time.now()
                unit = AccessUnit(codec, data, clock.next(ticks), picture.key, at)
                self._tell(self._queue.put, unit)

    def _tell(self, what: Any, *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(what, *arguments)

    # In the loop

    def _is_open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _failed(self, code: str) -> None:
        if not self._opened.done():
            self._opened.set_exception(PlatformError(code, 502, device=self._device))
        self._queue.end(PlatformError("source.lost", 502, device=self._device, why=code))


def _code_of(fault: av.error.FFmpegError) -> str:
    """What an FFmpeg error means; its text holds the URL with the password and goes nowhere."""
    if isinstance(fault, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "source.refused"
    if isinstance(fault, av.error.HTTPNotFoundError):
        return "source.unknown"
    if isinstance(fault, av.error.ExitError | av.error.TimeoutError):
        return "source.timeout"
    if isinstance(fault, av.error.InvalidDataError):
        return "source.no-media"
    return "source.unreachable"


def _parameter_sets(extradata: bytes, codec: VideoCodec) -> bytes:
    """The parameter sets that the description of the stream holds."""
    return next((one.parameter_sets for one in pictures_of(extradata, codec)), b"")
