"""The platform, put together from its rooms: begun as they need each other, ended in reverse."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from messages import text
from protocols.time_source import SystemTime, TimeSource
from reference_platform import certificates
from reference_platform.api import seeded
from reference_platform.api.app import create_app
from reference_platform.api.guard import Guard
from reference_platform.clock.room import ClockRoom, clock_of
from reference_platform.control.room import ControlRoom
from reference_platform.errors import StartFailure
from reference_platform.inventory.inventory import Inventory
from reference_platform.inventory.organisations import ORPHAN_AFTER_DELETE
from reference_platform.media.limits import MediaLimits
from reference_platform.media.room import MediaRoom
from reference_platform.people.access import Principal
from reference_platform.people.passwords import PasswordCost
from reference_platform.people.people import People
from reference_platform.playback.downloads import Downloads
from reference_platform.playback.playbacks import Playbacks
from reference_platform.ports import Sources
from reference_platform.recording.channel_writer import SegmentLimits
from reference_platform.recording.room import RecordingRoom
from reference_platform.recording.segments import SegmentFormat
from reference_platform.recording.storage import StorageLimits
from reference_platform.server import WebServer, plain_app
from reference_platform.settings import PlatformSettings
from reference_platform.signalling.cascade.cascade import Cascade
from reference_platform.signalling.room import SignallingRoom
from reference_platform.signalling.steering import Steers
from reference_platform.store.database import Database
from reference_platform.store.folder_lock import FolderLock
from reference_platform.store.vault import Vault


class Platform:
    """One running platform; several fit into one process.

    Attributes:
        settings: as given.
        time_source: the clock of everything here.
        database: see ``store``.
        vault: seals what must be known in clear again.
        people, access, audit: who may do what, and what was done.
        inventory, events: what is managed, and what happens to it.
        clock: how wrong it is, and to whom it is served.
        signalling: devices that register, and others; where pictures come from.
        control, patrols: who steers cameras, and what they do by themselves.
        media: live pictures (hub, viewers), watermark codes, tickets.
        recording: recorder, archive, disk.
        playbacks, downloads: recordings given back.
        cascade: links to upper platforms.
        certificate: PEM files of HTTPS and SIP over TLS.
        first_password: a one-time password of the first administrator, to be shown once.
        https_port, http_port: where it listens, once started.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        *,
        time_source: TimeSource | None = None,
        password_cost: PasswordCost | None = None,
        sources: Sources | None = None,
        steering: Steers | None = None,
        media_limits: MediaLimits | None = None,
        storage_limits: StorageLimits | None = None,
        segment_limits: SegmentLimits | None = None,
        recording_formats: Sequence[SegmentFormat] = (),
    ) -> None:
        """Prepare; nothing is touched before ``start``.

        Args:
            settings: what an operator decides.
            time_source: the machine's clock if none is given.
            password_cost: of hashing; the library's own if none is given.
            sources: where pictures come from, instead of the devices.
            steering: what carries orders to cameras, instead of signalling.
            media_limits, storage_limits, segment_limits: bounds of those rooms.
            recording_formats: kinds of recordings beside the platform's own, for test hosts.
        """
        self.settings = settings
        self._storage_limits = storage_limits
        self._segment_limits = segment_limits
        self._recording_formats = recording_formats
        self._sources = sources
        self._steering = steering
        self._media_limits = media_limits or MediaLimits()
        self.time_source = clock_of(time_source or SystemTime(), settings)
        self._password_cost = password_cost
        self._open = AsyncExitStack()
        self.first_password: str | None = None
        self.https_port = 0
        self.http_port = 0

    async def start(self) -> None:
        """Open the data, begin every room, then listen.

        Raises:
            StartFailure: what the operator must mend; nothing is left running.
        """
        try:
            await self._start()
        except BaseException:
            await self._open.aclose()
            raise

    async def close(self) -> None:
        """Listen no more, end every room, close the data."""
        await self._open.aclose()

    def has(self, behaviour: str) -> bool:
        """Whether a named behaviour is switched on; for the harness's test hosts."""
        return self.settings.has(behaviour)

    @property
    def https_url(self) -> str:
        """Where the pages are, by the address of the settings."""
        host = self.settings.address if self.settings.address != "0.0.0.0" else "127.0.0.1"
        return f"https://{host}:{self.https_port}"

    def audit_scope(self, principal: Principal) -> frozenset[str] | None:
        """Whose audit rows ``principal`` reads: of the organisations managed; ``None`` for all."""
        top = self.access.rights.parents.get(principal.organisation, "")
        return None if top is None else self.access.scope(principal)

    async def _start(self) -> None:
        settings = self.settings
        _check(settings)
        folder = FolderLock(settings.data)
        self._open.callback(folder.release)
        seeded.place_files(settings.data, settings.behaviours)
        self.certificate = await asyncio.to_thread(certificates.certificate_files, settings)
        tls = certificates.server_context(settings, self.certificate)
        self.vault = Vault(settings.data / "secret.key")
        self.database = Database(
            settings.database_url or f"sqlite:///{settings.data / 'platform.db'}",
            enforce_references=not settings.has(ORPHAN_AFTER_DELETE),
        )
        self._open.callback(self.database.close)
        await asyncio.to_thread(self.database.open)

        self.people = People(
            self.database,
            self.vault,
            settings.data,
            self.time_source,
            settings.behaviours,
            self._password_cost,
        )
        self.access, self.audit = self.people.access, self.people.audit
        self._closes(self.people.close)
        self.first_password = await self.people.start(settings.language)

        self.inventory = Inventory(
            settings, self.database, self.people, self.vault, self.time_source
        )
        self.events = self.inventory.events
        self._closes(self.inventory.close)
        await self.inventory.start()
        self.clock = ClockRoom(
            settings,
            self.inventory.settings.upstream_ntp,
            self.inventory.alarms,
            self.time_source,
        )
        self._closes(self.clock.close)
        await self.clock.start()

        # Each further room: make it, self._closes(room.close), await room.start().
        # signalling and control before media; recording and playback after it.
        self.signalling = SignallingRoom(settings, self.inventory, self.time_source, tls)
        self._closes(self.signalling.close)
        await self.signalling.start()
        room = ControlRoom(
            settings,
            self.signalling.server,
            self.database,
            self.access,
            self.inventory,
            self.time_source,
            self._steering,
        )
        self._closes(room.close)
        await room.start()
        self.control, self.patrols = room.service, room.patrols
        sources: Sources = self._sources or self.signalling.sources
        self.media = MediaRoom(
            sources,
            self.database,
            self.access,
            self.audit,
            self.inventory.channels.ref,
            self.inventory.contracts,
            self.time_source,
            self._media_limits,
            settings.behaviours,
        )
        self._closes(self.media.close)
        await self._start_recordings(sources)
        self.cascade = Cascade(
            settings,
            text("platform.first.organisation", settings.language),
            self.database,
            self.access,
            self.vault,
            self.events,
            self.media.hub,
            sources,
            self.control,
            room.steering,
            self.inventory.channels.ref,
            self.time_source,
        )
        self._closes(self.cascade.close)
        await self.cascade.start()

        await self._listen(tls)
        self._open.callback(self.access.end_everything, "platform.closing")

    async def _start_recordings(self, sources: Sources) -> None:
        """What is kept of pictures, and how it is given back."""
        settings, channels = self.settings, self.inventory.channels
        self.recording = RecordingRoom(
            settings.data / "recordings",
            self.database,
            self.media.hub,
            sources,
            channels,
            self.access,
            self.inventory.alarms,
            self.events,
            self.time_source,
            limits=self._storage_limits,
            segments=self._segment_limits,
            formats=self._recording_formats,
            behaviours=settings.behaviours,
        )
        self._closes(self.recording.close)
        await self.recording.start()
        archive, codes = self.recording.archive, self.media.codes
        self.playbacks = Playbacks(
            archive,
            sources,
            channels,
            self.access,
            self.audit,
            codes,
            self.time_source,
            media=self._media_limits,
            behaviours=settings.behaviours,
        )
        self._closes(self.playbacks.close)
        await self.playbacks.start()
        self.downloads = Downloads(
            settings.data / "downloads",
            self.database,
            archive,
            sources,
            channels,
            self.access,
            self.audit,
            codes,
            self.time_source,
            flush=self.recording.recorder.flush,
            media=self._media_limits,
            behaviours=settings.behaviours,
        )
        self._closes(self.downloads.close)
        await self.downloads.start()

    async def _listen(self, tls: ssl.SSLContext) -> None:
        settings = self.settings
        app = Guard(create_app(self), self)
        https = WebServer(app, settings.address, settings.https_port, tls)
        self._closes(https.close)
        self.https_port = https.port
        await https.start()
        if settings.http_port is None:
            return
        host = settings.address if settings.address != "0.0.0.0" else "localhost"
        plain = plain_app(app, self.https_port, host, settings.behaviours)
        http = WebServer(plain, settings.address, settings.http_port, None)
        self._closes(http.close)
        self.http_port = http.port
        await http.start()

    def _closes(self, close: Callable[[], Awaitable[None]]) -> None:
        self._open.push_async_callback(close)


def _check(settings: PlatformSettings) -> None:
    """What was given makes sense, and the data folder is there."""
    if not re.fullmatch(r"[0-9]{20}", settings.server_id):
        raise StartFailure("server-id.invalid", value=settings.server_id)
    try:
        ipaddress.IPv4Address(settings.address)
    except ValueError:
        raise StartFailure("address.invalid", value=settings.address) from None
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartFailure(
            "data.unusable", folder=str(settings.data), detail=error.strerror or ""
        ) from error
