"""Downloads: a queue of periods to be saved, the files, and a history that stays."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.errors import Conflict, Denied, PlatformError
from reference_platform.inventory.channels import Channels
from reference_platform.media.codes import WatermarkCodes
from reference_platform.media.limits import MediaLimits
from reference_platform.media.watermark import WatermarkStamp
from reference_platform.people.access import Access, Principal, Watch
from reference_platform.people.audit import Audit
from reference_platform.people.operations import Operation
from reference_platform.playback import queue
from reference_platform.playback.history import HISTORY_DELETABLE, record_of, view_of
from reference_platform.playback.models import DownloadRecord, DownloadView, NewDownload
from reference_platform.playback.saving import Order, Saver
from reference_platform.playback.tables import DownloadRow
from reference_platform.ports import ChannelRef, Sources, Span
from reference_platform.recording.archive import Archive
from reference_platform.recording.periods import checked_period
from reference_platform.recording.storage import free_bytes
from reference_platform.store.base import new_id
from reference_platform.store.database import Database
from reference_platform.times import moment

DOWNLOAD_OF_OTHERS = defect(
    "download-of-others", "Whoever knows a download's identifier gets its file."
)
_LOG = logging.getLogger(__name__)
_PROGRESS_S = 0.5
_SWEEP_S = 600.0
_MOST_LISTED = 1000


@dataclass(frozen=True)
class DownloadLimits:
    """Bounds of downloads.

    Attributes:
        most_each: of one user, waiting or running.
        most_bytes_each: of one user's finished files.
        longest_s: period of one download.
        keep_s: how long a finished file can be fetched; its history stays for ever.
        reserve_bytes: a download stops before less is free on the disk.
        workers: downloads made at once.
        threads: for decoding and coding.
    """

    most_each: int = 5
    most_bytes_each: int = 50 << 30
    longest_s: float = 24 * 3600.0
    keep_s: float = 7 * 86_400.0
    reserve_bytes: int = 512 << 20
    workers: int = 1
    threads: int = os.cpu_count() or 1


@dataclass(frozen=True)
class DownloadFile:
    """A finished file that ``watch`` allows to be read, until it ends. Close ``watch``."""

    path: Path
    name: str
    size: int
    sha256: str
    watch: Watch


class Downloads:
    """All downloads; each file is its owner's alone."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        archive: Archive,
        sources: Sources,
        channels: Channels,
        access: Access,
        audit: Audit,
        codes: WatermarkCodes,
        time_source: TimeSource,
        *,
        flush: Callable[[str], Awaitable[None]],
        media: MediaLimits | None = None,
        limits: DownloadLimits | None = None,
        free: Callable[[Path], int] = free_bytes,
        behaviours: frozenset[str] = frozenset(),
    ) -> None:
        """Prepare; ``flush`` makes readable what has just been recorded of a channel."""
        self._folder = folder
        self._database = database
        self._channels = channels
        self._access = access
        self._audit = audit
        self._codes = codes
        self._time = time_source
        self._flush = flush
        self._limits = limits or DownloadLimits()
        self._free = free
        self._behaviours = behaviours
        self._threads = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="download")
        self._saver = Saver(
            archive, sources, media or MediaLimits(), self._threads, time_source, behaviours
        )
        self._stopping: dict[str, asyncio.Event] = {}
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Go on with what a stop or a crash interrupted."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._database.write(self._begin_anew)
        self._tasks = [
            asyncio.create_task(self._work(), name=f"download worker {number}")
            for number in range(self._limits.workers)
        ]
        self._tasks.append(asyncio.create_task(self._sweep(), name="old downloads"))

    async def close(self) -> None:
        """Stop; what is not finished begins anew at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown, wait=True)

    # -- what users do

    async def add(self, principal: Principal, new: NewDownload) -> DownloadView:
        """Queue a download.

        Raises:
            PlatformError: ``access.denied``; ``period.*``; ``download.too-many``,
                ``download.quota``.
        """
        self._access.require(principal, Operation.DOWNLOAD, new.channel)
        if new.source == "device":
            self._access.require(principal, Operation.DEVICE_RECORDINGS, new.channel)
        period = checked_period(new.start, new.end, self._time.now(), self._limits.longest_s)
        channel = await self._channels.ref(new.channel)
        identifier = new_id()
        stamp = await self._codes.stamp(principal, "download", identifier)

        def work(session: Session) -> DownloadRow:
            limits = self._limits
            queue.refuse_too_many(
                session, principal.user_id, limits.most_each, limits.most_bytes_each
            )
            row = DownloadRow(
                id=identifier,
                user_id=principal.user_id,
                user_name=principal.name,
                organisation_id=principal.organisation,
                address=principal.address,
                device_id=channel.device,
                channel_id=channel.id,
                source=new.source,
                start=period.start,
                end=period.end,
                mark_name=stamp.user_name,
                mark_code=stamp.code,
                state="queued",
                progress=0.0,
                bytes=0,
                sha256="",
                gaps=[],
                error="",
                created=self._time.now(),
            )
            session.add(row)
            return row

        row = await self._database.write(work)
        self._more.set()
        return view_of(row)

    async def listed(self, principal: Principal) -> list[DownloadView]:
        """One's own downloads, the newest first; all within one's scope for managers."""
        return [view_of(row) for row in await self._rows(principal)]

    async def history(self, principal: Principal) -> list[DownloadRecord]:
        """The history of one's own downloads; of all within one's scope for managers."""
        rows = await self._rows(principal)
        records = (record_of(row, self._behaviours) for row in rows)
        return [record for record in records if record is not None]

    async def get(self, principal: Principal, identifier: str) -> DownloadView:
        """One download.

        Raises:
            PlatformError: ``access.denied``, also of what does not exist.
        """
        row = await self._row(identifier)
        if row is None or not (
            row.user_id == principal.user_id or self._manages(principal, row.organisation_id)
        ):
            raise Denied
        return view_of(row)

    async def cancel(self, principal: Principal, identifier: str) -> None:
        """Stop a download, or remove a finished file; its history stays.

        Raises:
            PlatformError: ``access.denied``, also of what does not exist.
        """
        row = await self._row(identifier)
        if row is None or row.user_id != principal.user_id:
            raise Denied
        stopped = self._stopping.setdefault(identifier, asyncio.Event())
        now, deletable = self._time.now(), HISTORY_DELETABLE in self._behaviours
        before = await self._database.write(
            lambda session: queue.cancel(session, identifier, now, deletable=deletable)
        )
        if before == "running":
            await stopped.wait()
        self._stopping.pop(identifier, None)
        self._path(identifier).unlink(missing_ok=True)

    async def file(self, principal: Principal, identifier: str) -> DownloadFile:
        """The file of a finished download; only for its owner, and as long as the right holds.

        Raises:
            PlatformError: ``access.denied``; 409 ``download.not-ready``; 404
                ``download.removed``.
        """
        row = await self._row(identifier)
        stranger = row is not None and row.user_id != principal.user_id
        if row is None or (stranger and DOWNLOAD_OF_OTHERS not in self._behaviours):
            raise Denied
        if row.state in ("removed", "cancelled", "failed"):
            raise PlatformError("download.removed", 404)
        if row.state != "ready":
            raise Conflict("download.not-ready")
        path = self._path(identifier)
        if not path.exists():
            raise PlatformError("download.removed", 404)
        operation = None if stranger else Operation.DOWNLOAD
        watch = self._access.watch(principal, operation, None if stranger else row.channel_id)
        name = f"{row.channel_id}-{moment(row.start):%Y%m%d-%H%M%S}.mp4"
        return DownloadFile(path, name, row.bytes, row.sha256, watch)

    def note_fetch(self, principal: Principal, identifier: str) -> None:
        """Somebody began to fetch a file."""
        self._audit.record(principal, "download.file", identifier)

    # -- the queue

    async def _work(self) -> None:
        while True:
            self._more.clear()
            row = await self._database.write(queue.take)
            if row is None:
                await self._more.wait()
                continue
            try:
                await self._make(row)
            except Exception:  # noqa: BLE001  (one download's trouble is not the others')
                _LOG.exception("download %s", row.id)
                await self._finish(row, "failed", error="internal")
            finally:
                if (stopped := self._stopping.pop(row.id, None)) is not None:
                    stopped.set()

    async def _make(self, row: DownloadRow) -> None:
        told = self._time.monotonic()

        async def progress(share: float) -> None:
            nonlocal told
            if self._time.monotonic() - told >= _PROGRESS_S:
                told = self._time.monotonic()
                await self._database.write(lambda session: queue.progress(session, row.id, share))

        channel = ChannelRef(row.channel_id, row.device_id, "gb28181")
        try:
            if row.source == "device":
                channel = await self._channels.ref(row.channel_id)
            else:
                await self._flush(row.channel_id)
            order = Order(
                channel,
                Span(row.start, row.end),
                row.source == "device",
                WatermarkStamp(row.mark_name, row.mark_code),
                self._path(row.id),
            )
            saved = await self._saver.save(order, lambda: self._check(row), progress)
        except PlatformError as error:
            cancelled = error.code == "download.cancelled"
            code = "" if cancelled else error.code
            await self._finish(row, "cancelled" if cancelled else "failed", error=code)
            return
        gaps = [[gap.start, gap.end] for gap in saved.gaps]
        await self._finish(row, "ready", size=saved.size, sha256=saved.sha256, gaps=gaps)

    def _check(self, row: DownloadRow) -> None:
        """Stop the work when it was cancelled, its owner may no more, or the disk is full.

        Raises:
            PlatformError: why.
        """
        if row.id in self._stopping:
            raise Conflict("download.cancelled")
        owner = Principal(row.user_id, row.user_name, "", "", row.address, row.organisation_id)
        refusal = self._access.decide_lasting(owner, Operation.DOWNLOAD, row.channel_id)
        if refusal:
            raise Denied(refusal)
        if self._free(self._folder) < self._limits.reserve_bytes:
            raise PlatformError("storage.full", 503)

    async def _finish(
        self,
        row: DownloadRow,
        state: str,
        *,
        error: str = "",
        size: int = 0,
        sha256: str = "",
        gaps: list[list[float]] | None = None,
    ) -> None:
        def work(session: Session) -> bool:
            current = session.get(DownloadRow, row.id)
            if current is None or current.state != "running":
                return False  # it was cancelled at the last moment
            current.state, current.error, current.ended = state, error, self._time.now()
            current.bytes, current.sha256, current.gaps = size, sha256, gaps or []
            current.progress = 1.0 if state == "ready" else current.progress
            return True

        if not await self._database.write(work):
            self._path(row.id).unlink(missing_ok=True)
            return
        self._audit.record(
            None,
            "download.finished",
            row.id,
            "done" if state == "ready" else error or state,
            user=row.user_name,
            organisation=row.organisation_id,
            channel=row.channel_id,
            bytes=size,
        )

    async def _sweep(self) -> None:
        """Remove finished files whose time is over."""
        while True:
            for identifier in await self._database.write(self._old):
                self._path(identifier).unlink(missing_ok=True)
            await asyncio.sleep(_SWEEP_S)

    # -- in the database

    def _begin_anew(self, session: Session) -> None:
        known = {self._path(identifier) for identifier in queue.recover(session, self._exists)}
        for path in self._folder.iterdir():
            if path.suffix in (".part", ".mp4") and path not in known:
                path.unlink()

    def _old(self, session: Session) -> list[str]:
        return queue.expire(session, self._time.now() - self._limits.keep_s)

    def _exists(self, identifier: str) -> bool:
        return self._path(identifier).exists()

    async def _row(self, identifier: str) -> DownloadRow | None:
        return await self._database.read(lambda session: session.get(DownloadRow, identifier))

    async def _rows(self, principal: Principal) -> list[DownloadRow]:
        own = DownloadRow.user_id == principal.user_id
        query = select(DownloadRow).where(own)
        if self._access.decide(principal, Operation.DOWNLOAD_HISTORY) is None:
            scope = self._access.scope(principal)
            query = select(DownloadRow).where(own | DownloadRow.organisation_id.in_(scope))
        query = query.order_by(DownloadRow.created.desc(), DownloadRow.id).limit(_MOST_LISTED)
        return list(await self._database.read(lambda session: session.scalars(query).all()))

    def _manages(self, principal: Principal, organisation: str) -> bool:
        refusal = self._access.decide(
            principal, Operation.DOWNLOAD_HISTORY, organisation_id=organisation
        )
        return refusal is None

    def _path(self, identifier: str) -> Path:
        return self._folder / f"{identifier}.mp4"
