"""Notify messages: keepalive, end of media, position, broadcast (2016 A.2.5, 2022 A.2.5).

Alarms are in ``alarms``, catalogue notifications in ``catalog``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocols.deviation import Deviation
from protocols.gb28181.identifiers import judge_identifier
from protocols.gb28181.manscdp import Edition, Listing, Manscdp, Value, build_manscdp, build_result
from protocols.gb28181.reading import reader_of
from protocols.gb28181.times import format_time
from protocols.xml_reading import children, find

CLAUSE = "GB/T 28181-2016 A.2.5"
FILE_END = 121
"""NotifyType: the file of a playback or download has been sent."""
_MAXIMUM_FAULTY = 10_000
_MAXIMUM_POSITIONS = 10_000


@dataclass(frozen=True)
class Keepalive:
    """State of a device. ``correct`` is None when Status is neither OK nor ERROR."""

    sn: int | None
    device: str
    correct: bool | None
    faulty: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()


def build_keepalive(
    sn: int,
    device: str,
    *,
    correct: bool = True,
    faulty: Sequence[str] = (),
    charset: str = "GB2312",
) -> bytes:
    """A keepalive; ``faulty`` are identifiers of sub-devices out of order."""
    fields: list[tuple[str, Value]] = [("Status", "OK" if correct else "ERROR")]
    if faulty:
        fields.append(("Info", [("DeviceID", one) for one in faulty]))
    return build_manscdp("Notify", "Keepalive", sn, device, fields, charset=charset)


def read_keepalive(message: Manscdp) -> Keepalive:
    """Read a keepalive."""
    reader = reader_of(message, CLAUSE)
    status = reader.choice("Status", among=("OK", "ERROR"), aliases={"ON": "OK"}, mandatory=True)
    names = [(one.text or "").strip() for one in children(find(message.root, "Info"), "DeviceID")]
    if len(names) > _MAXIMUM_FAULTY:
        reader.add("list-too-long", "Info/DeviceID")
    for one in judge_identifier(message.device):
        reader.add(one.code, one.detail)
    return Keepalive(
        message.sn,
        message.device,
        {"OK": True, "ERROR": False}.get(status),
        tuple(one[:64] for one in names[:_MAXIMUM_FAULTY] if one),
        (*message.deviations, *reader.deviations),
    )


@dataclass(frozen=True)
class MediaStatus:
    """``notify_type`` 121: the file has been sent; None when absent or no number."""

    sn: int | None
    device: str
    notify_type: int | None
    deviations: tuple[Deviation, ...] = ()


def build_media_status(
    sn: int, device: str, *, notify_type: int = FILE_END, charset: str = "GB2312"
) -> bytes:
    """The message at the end of a file."""
    fields = [("NotifyType", str(notify_type))]
    return build_manscdp("Notify", "MediaStatus", sn, device, fields, charset=charset)


def read_media_status(message: Manscdp) -> MediaStatus:
    """Read the message at the end of a file."""
    reader = reader_of(message, CLAUSE)
    number = reader.integer("NotifyType", mandatory=True, among=(FILE_END,))
    deviations = (*message.deviations, *reader.deviations)
    return MediaStatus(message.sn, message.device, number, deviations)


@dataclass(frozen=True)
class Position:
    """Where a device was: POSIX seconds, degrees, km/h, degrees from north, metres."""

    time: float | None
    longitude: float | None
    latitude: float | None
    speed: float | None = None
    direction: float | None = None
    altitude: float | None = None
    device: str = ""

    def fields(self, *, with_device: bool = False) -> list[tuple[str, Value]]:
        """The elements in order."""
        return [
            ("DeviceID", self.device if with_device else None),
            ("Time" if not with_device else "CaptureTime", self._time()),
            ("Longitude", self.longitude),
            ("Latitude", self.latitude),
            ("Speed", self.speed),
            ("Direction", self.direction),
            ("Altitude", self.altitude),
        ]

    def _time(self) -> str | None:
        return None if self.time is None else format_time(self.time)


@dataclass(frozen=True)
class MobilePosition:
    """Position notification: one position (2016) or a list (2022)."""

    sn: int | None
    device: str
    positions: tuple[Position, ...]
    sum_num: int | None = None
    deviations: tuple[Deviation, ...] = ()


def build_mobile_position(
    sn: int,
    device: str | None,
    positions: Sequence[Position],
    *,
    edition: Edition = "2016",
    charset: str = "GB2312",
) -> bytes:
    """One position by 2016 (``device`` is not in its schema, devices add it) or a list by 2022.

    Raises:
        ValueError: 2016 and not exactly one position.
    """
    if edition == "2016":
        (position,) = positions
        fields = position.fields()
    else:
        rows = [one.fields(with_device=True) for one in positions]
        fields = [
            ("Time", positions[0]._time() if positions else None),
            ("SumNum", len(rows)),
            ("DeviceList", Listing(rows) if rows else None),
        ]
    return build_manscdp("Notify", "MobilePosition", sn, device, fields, charset=charset)


def read_mobile_position(message: Manscdp, *, edition: Edition = "2016") -> MobilePosition:
    """Read a position notification of either edition."""
    reader = reader_of(message, CLAUSE, edition)
    _, elements = reader.items("DeviceList")
    listed = bool(elements)
    if edition == "2022" and not message.device:
        reader.add("field-missing", "DeviceID")
    positions = []
    for element in elements[:_MAXIMUM_POSITIONS] or [message.root]:
        own = reader.within(element)
        time = own.time("CaptureTime") if listed and own.text("CaptureTime") else None
        positions.append(
            Position(
                own.time("Time", mandatory=not listed) if time is None else time,
                own.decimal("Longitude", mandatory=True, least=-180, most=180),
                own.decimal("Latitude", mandatory=True, least=-90, most=90),
                own.decimal("Speed", least=0),
                own.decimal("Direction", least=0, most=360),
                own.decimal("Altitude"),
                own.text("DeviceID", maximum=64) if listed else message.device,
            )
        )
    sum_num = reader.integer("SumNum", least=0)
    deviations = (*message.deviations, *reader.deviations)
    return MobilePosition(message.sn, message.device, tuple(positions), sum_num, deviations)


@dataclass(frozen=True)
class Broadcast:
    """Request to take sound: from ``source`` (audio input) to ``target`` (audio output)."""

    sn: int | None
    source: str
    target: str
    deviations: tuple[Deviation, ...] = ()


def build_broadcast(sn: int, source: str, target: str, *, charset: str = "GB2312") -> bytes:
    """The request of the platform."""
    fields = [("SourceID", source), ("TargetID", target)]
    return build_manscdp("Notify", "Broadcast", sn, None, fields, charset=charset)


def read_broadcast(message: Manscdp) -> Broadcast:
    """Read the request."""
    reader = reader_of(message, CLAUSE)
    source = reader.text("SourceID", mandatory=True, maximum=64)
    target = reader.text("TargetID", mandatory=True, maximum=64)
    deviations = (*message.deviations, *reader.deviations)
    return Broadcast(message.sn, source, target, deviations)


def build_broadcast_answer(
    sn: int | None, device: str, *, correct: bool = True, charset: str = "GB2312"
) -> bytes:
    """The device's Response to a broadcast request."""
    return build_result("Broadcast", sn, device, correct=correct, charset=charset)


@dataclass(frozen=True)
class Finished:
    """A 2022 notification that something is done.

    Attributes:
        command: UploadSnapShotFinished, VideoUploadNotify or DeviceUpgradeResult.
        sn, device: of the message.
        session: SessionID, "" when absent.
        correct: UpgradeResult OK or ERROR; None elsewhere.
        firmware: of an upgrade.
        files: identifiers of pictures of a snapshot.
        time: of a video upload, POSIX seconds.
        deviations: what the message has that the standard has not.
    """

    command: str
    sn: int | None
    device: str
    session: str = ""
    correct: bool | None = None
    firmware: str = ""
    files: tuple[str, ...] = ()
    time: float | None = None
    deviations: tuple[Deviation, ...] = ()


FINISHED_COMMANDS = ("UploadSnapShotFinished", "VideoUploadNotify", "DeviceUpgradeResult")


def build_finished(finished: Finished, *, charset: str = "GB2312") -> bytes:
    """A notification of 2022 that something is done."""
    fields: list[tuple[str, Value]] = [("SessionID", finished.session or None)]
    if finished.correct is not None:
        fields.append(("UpgradeResult", "OK" if finished.correct else "ERROR"))
    fields.append(("Firmware", finished.firmware or None))
    if finished.files:
        fields.append(("SnapShotList", [("SnapShotFileID", one) for one in finished.files]))
    fields.append(("Time", None if finished.time is None else format_time(finished.time)))
    return build_manscdp(
        "Notify", finished.command, finished.sn, finished.device, fields, charset=charset
    )


def read_finished(message: Manscdp) -> Finished:
    """Read a notification of 2022 that something is done."""
    reader = reader_of(message, "GB/T 28181-2022 A.2.5")
    upgrade = message.command == "DeviceUpgradeResult"
    snapshot = message.command == "UploadSnapShotFinished"
    result = reader.choice("UpgradeResult", among=("OK", "ERROR"), mandatory=upgrade)
    listed = children(find(message.root, "SnapShotList"), "SnapShotFileID")
    files = [(one.text or "").strip()[:256] for one in listed]
    return Finished(
        message.command,
        message.sn,
        message.device,
        reader.text("SessionID", mandatory=upgrade or snapshot, maximum=256),
        {"OK": True, "ERROR": False}.get(result),
        reader.text("Firmware"),
        tuple(files[:_MAXIMUM_FAULTY]),
        reader.time("Time", mandatory=message.command == "VideoUploadNotify"),
        (*message.deviations, *reader.deviations),
    )
