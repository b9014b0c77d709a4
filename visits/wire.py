"""The wire visit: what goes between a camera and the platform, captured and sealed.

Three sources: live sniffing (the only place that uses scapy), a capture file somebody made, and a
relay through which the camera and the platform are told to talk where sniffing is not permitted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from assessment.reason import Reason
from assessment.recording import Recording
from protocols.errors import ProtocolError
from protocols.pcap import read_capture
from protocols.time_source import SystemTime, TimeSource
from visits.draft import Draft

PCAP = "application/vnd.tcpdump.pcap"
MAXIMUM_CAPTURE = 512 * 2**20


@dataclass(frozen=True)
class WireScope:
    """Whose traffic is wanted.

    Attributes:
        camera: the camera's address.
        platform: the platform's addresses; empty: everything the camera exchanges.
        own_addresses: of the harness, whose flows are neither kept nor judged.
    """

    camera: str
    platform: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """As docs/recordings.md has them."""
        return {
            "camera": self.camera,
            "platform": list(self.platform),
            "own_addresses": list(self.own_addresses),
        }

    def keeps(self, source: str, destination: str) -> bool:
        """Whether a packet between these addresses belongs into the capture."""
        ends = {source, destination}
        if self.camera not in ends:
            return False
        own = set(self.own_addresses) - {self.camera, *self.platform}
        return not ends & own


@dataclass(frozen=True)
class Captured:
    """What a source brought: the capture file, packets lost (None: unknown), bound reached."""

    content: bytes
    dropped: int | None
    full: bool = False


class NotPermittedError(Exception):
    """The machine does not let this user sniff; ``what`` says what it refused."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class WireSource(Protocol):
    """Where a live capture comes from."""

    @property
    def method(self) -> str:
        """``sniff`` or ``relay``."""
        ...

    def where(self) -> str:
        """Interface or relay address, for the record."""
        ...

    def filter(self, scope: WireScope) -> str:
        """The filter in force, as text."""
        ...

    def capturing(self, scope: WireScope) -> AbstractAsyncContextManager[Callable[[], Captured]]:
        """Capture from entering to leaving; the value yielded gives what was captured.

        Raises:
            NotPermittedError: on entering.
            OSError: on entering.
        """
        ...


async def capture_wire(
    subject: str,
    scope: WireScope,
    source: WireSource,
    seconds: float,
    *,
    time_source: TimeSource | None = None,
    during: Callable[[], Awaitable[None]] | None = None,
) -> Recording:
    """Capture for ``seconds``, or for as long as ``during`` runs, ``seconds`` at most.

    Args:
        subject: the point whose wire it is.
        scope: addresses.
        source: ``Sniffer`` or ``Relay``.
        seconds: bound in time.
        time_source: reference time of the recording.
        during: what is to happen once the capture stands, e.g. a reconnect.

    Returns:
        a recording of kind ``wire``; its problem is ``visit.no-permission`` or
        ``visit.unreachable`` when nothing could be captured.
    """
    draft = Draft("wire", subject, time_source or SystemTime())
    draft.facts.update(scope.facts())
    draft.facts.update(
        method=source.method,
        where=source.where(),
        filter=source.filter(scope),
        seconds=seconds,
        dropped=None,
    )
    try:
        async with source.capturing(scope) as result:
            await _spend(seconds, during)
    except NotPermittedError as error:
        return draft.seal(Reason("visit.no-permission", {"what": error.what}))
    except OSError as error:
        detail = error.strerror or type(error).__name__
        return draft.seal(Reason("visit.unreachable", {"detail": detail}))
    captured = result()
    draft.facts["dropped"] = captured.dropped
    draft.keep("capture.pcap", captured.content, PCAP)
    problem = Reason("visit.too-much", {"bytes": len(captured.content)}) if captured.full else None
    return draft.seal(problem)


async def _spend(seconds: float, during: Callable[[], Awaitable[None]] | None) -> None:
    if during is None:
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await during()
    except TimeoutError:
        return


def check_capture_file(path: Path) -> None:
    """Read a capture file through, before a run that needs it.

    Raises:
        ValueError: it cannot be read, is no capture, is empty, or breaks off; the text says which.
    """
    try:
        size = path.stat().st_size
        if size > MAXIMUM_CAPTURE:
            raise ValueError(f"{path}: {size} bytes are more than {MAXIMUM_CAPTURE}")
        frames = sum(1 for _ in read_capture(path.read_bytes()))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except ProtocolError as error:
        raise ValueError(f"{path}: {error}") from error
    if not frames:
        raise ValueError(f"{path}: the capture holds no frame")


def import_capture(
    subject: str, scope: WireScope, path: Path, *, time_source: TimeSource | None = None
) -> Recording:
    """A ``wire`` recording of a capture file that somebody made.

    Raises:
        ValueError: see ``check_capture_file``.
    """
    check_capture_file(path)
    draft = Draft("wire", subject, time_source or SystemTime())
    content = path.read_bytes()
    times = [frame.time_ns for frame in read_capture(content)]
    draft.facts.update(scope.facts())
    draft.facts.update(
        method="file",
        where=path.name,
        filter="",
        seconds=(max(times) - min(times)) / 1e9,
        dropped=None,
    )
    draft.keep("capture.pcap", content, PCAP)
    return draft.seal()
