"""Queries that 2022 added: home position, cruise tracks, PTZ position, memory cards (A.2.4, A.2.6).

The spelling of the elements is that of the 2022 edition as far as it is known to us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocols.deviation import Deviation
from protocols.gb28181.manscdp import Listing, Manscdp, Value, build_manscdp
from protocols.gb28181.reading import FieldReader, reader_of
from protocols.xml_reading import children

CLAUSE = "GB/T 28181-2022 A.2.6"
COMMANDS = (
    "HomePositionQuery",
    "CruiseTrackListQuery",
    "CruiseTrackQuery",
    "PTZPosition",
    "SDCardStatus",
)
_MAXIMUM_ITEMS = 4096


@dataclass(frozen=True)
class HomePosition:
    """Where a camera returns after ``reset_time_s`` without a command."""

    sn: int | None
    device: str
    enabled: bool | None
    reset_time_s: int | None = None
    preset: int | None = None
    deviations: tuple[Deviation, ...] = ()


def build_home_position_answer(position: HomePosition, *, charset: str = "GB18030") -> bytes:
    """The Response to HomePositionQuery."""
    inner: list[tuple[str, Value]] = [
        ("Enabled", None if position.enabled is None else int(position.enabled)),
        ("ResetTime", position.reset_time_s),
        ("PresetIndex", position.preset),
    ]
    return build_manscdp(
        "Response",
        "HomePositionQuery",
        position.sn,
        position.device,
        [("HomePosition", inner)],
        charset=charset,
    )


def read_home_position(message: Manscdp) -> HomePosition:
    """Read the Response to HomePositionQuery."""
    reader = reader_of(message, CLAUSE)
    enabled = reader.integer("HomePosition", "Enabled", mandatory=True, among=(0, 1))
    return HomePosition(
        message.sn,
        message.device,
        None if enabled is None else bool(enabled),
        reader.integer("HomePosition", "ResetTime", least=0, most=86_400),
        reader.integer("HomePosition", "PresetIndex", least=0, most=255),
        (*message.deviations, *reader.deviations),
    )


@dataclass(frozen=True)
class CruiseTrack:
    """A cruise: its number, name and points ``(preset, dwell seconds, speed)``."""

    number: int
    name: str = ""
    points: tuple[tuple[int, int | None, int | None], ...] = ()


@dataclass(frozen=True)
class CruiseTracks:
    """The answer to CruiseTrackListQuery (without points) or CruiseTrackQuery (one, with)."""

    sn: int | None
    device: str
    tracks: tuple[CruiseTrack, ...]
    sum_num: int | None = None
    deviations: tuple[Deviation, ...] = ()


def build_cruise_query(sn: int, device: str, number: int, *, charset: str = "GB18030") -> bytes:
    """Ask for cruise ``number``."""
    return build_manscdp(
        "Query", "CruiseTrackQuery", sn, device, [("Number", number)], charset=charset
    )


def build_cruise_list(
    sn: int | None, device: str, tracks: Sequence[CruiseTrack], *, charset: str = "GB18030"
) -> bytes:
    """The Response to CruiseTrackListQuery."""
    rows = [[("Number", str(one.number)), ("Name", one.name)] for one in tracks]
    fields: list[tuple[str, Value]] = [
        ("SumNum", len(tracks)),
        ("CruiseTrackList", Listing(rows, item="CruiseTrack") if rows else None),
    ]
    return build_manscdp("Response", "CruiseTrackListQuery", sn, device, fields, charset=charset)


def build_cruise(
    sn: int | None, device: str, track: CruiseTrack, *, charset: str = "GB18030"
) -> bytes:
    """The Response to CruiseTrackQuery."""
    rows: list[list[tuple[str, Value]]] = [
        [("PresetIndex", preset), ("StayTime", dwell), ("Speed", speed)]
        for preset, dwell, speed in track.points
    ]
    fields: list[tuple[str, Value]] = [
        ("Name", track.name or None),
        ("SumNum", len(rows)),
        ("CruisePointList", Listing(rows, item="CruisePoint") if rows else None),
    ]
    return build_manscdp("Response", "CruiseTrackQuery", sn, device, fields, charset=charset)


def read_cruises(message: Manscdp, *, number: int = 0) -> CruiseTracks:
    """Read either answer; ``number`` is the one that was asked for, which the answer lacks."""
    reader = reader_of(message, CLAUSE)
    sum_num = reader.integer("SumNum", mandatory=True, least=0, most=_MAXIMUM_ITEMS)
    if message.command == "CruiseTrackQuery":
        points = _points(reader)
        tracks = [CruiseTrack(number, reader.text("Name"), tuple(points))]
    else:
        tracks = []
        _, elements = reader.items("CruiseTrackList", item="CruiseTrack")
        for element in elements[:_MAXIMUM_ITEMS]:
            own = reader.within(element)
            found = own.integer("Number", mandatory=True, least=0, most=255)
            if found is not None:
                tracks.append(CruiseTrack(found, own.text("Name")))
    deviations = (*message.deviations, *reader.deviations)
    return CruiseTracks(message.sn, message.device, tuple(tracks), sum_num, deviations)


def _points(reader: FieldReader) -> list[tuple[int, int | None, int | None]]:
    found: list[tuple[int, int | None, int | None]] = []
    for element in reader.items("CruisePointList", item="CruisePoint")[1][:_MAXIMUM_ITEMS]:
        own = reader.within(element)
        preset = own.integer("PresetIndex", mandatory=True, least=1, most=255)
        if preset is not None:
            found.append((preset, own.integer("StayTime", least=0), own.integer("Speed", least=0)))
    return found


@dataclass(frozen=True)
class PtzPosition:
    """Where a camera looks: degrees, magnification, field angles in degrees."""

    sn: int | None
    device: str
    pan: float | None
    tilt: float | None
    zoom: float | None
    horizontal_field_angle: float | None = None
    vertical_field_angle: float | None = None
    maximum_view_distance: float | None = None
    deviations: tuple[Deviation, ...] = ()


def build_ptz_position(position: PtzPosition, *, charset: str = "GB18030") -> bytes:
    """The Response to PTZPosition."""
    fields: list[tuple[str, Value]] = [
        ("Pan", position.pan),
        ("Tilt", position.tilt),
        ("Zoom", position.zoom),
        ("HorizontalFieldAngle", position.horizontal_field_angle),
        ("VerticalFieldAngle", position.vertical_field_angle),
        ("MaxViewDistance", position.maximum_view_distance),
    ]
    return build_manscdp(
        "Response", "PTZPosition", position.sn, position.device, fields, charset=charset
    )


def read_ptz_position(message: Manscdp) -> PtzPosition:
    """Read the Response to PTZPosition, or its notification."""
    reader = reader_of(message, CLAUSE)
    return PtzPosition(
        message.sn,
        message.device,
        reader.decimal("Pan", least=-360, most=360),
        reader.decimal("Tilt", least=-180, most=180),
        reader.decimal("Zoom", least=0),
        reader.decimal("HorizontalFieldAngle", least=0, most=360),
        reader.decimal("VerticalFieldAngle", least=0, most=360),
        reader.decimal("MaxViewDistance", least=0),
        (*message.deviations, *reader.deviations),
    )


@dataclass(frozen=True)
class MemoryCard:
    """A memory card: ``status`` ok, formatting, unformatted, idle or error; sizes in MB."""

    number: int
    name: str = ""
    status: str = "ok"
    capacity_mb: int | None = None
    free_mb: int | None = None
    progress: int | None = None


@dataclass(frozen=True)
class MemoryCards:
    """The answer to SDCardStatus."""

    sn: int | None
    device: str
    correct: bool | None
    cards: tuple[MemoryCard, ...]
    sum_num: int | None = None
    deviations: tuple[Deviation, ...] = ()


def build_memory_cards(
    sn: int | None, device: str, cards: Sequence[MemoryCard], *, charset: str = "GB18030"
) -> bytes:
    """The Response to SDCardStatus."""
    rows: list[list[tuple[str, Value]]] = [
        [
            ("ID", one.number),
            ("HddName", one.name or None),
            ("Status", one.status),
            ("FormatProgress", one.progress),
            ("Capacity", one.capacity_mb),
            ("FreeSpace", one.free_mb),
        ]
        for one in cards
    ]
    fields: list[tuple[str, Value]] = [("Result", "OK"), ("SumNum", len(rows))]
    fields += [("SDCardStatusInfo", Listing(rows))] if rows else []
    return build_manscdp("Response", "SDCardStatus", sn, device, fields, charset=charset)


def read_memory_cards(message: Manscdp) -> MemoryCards:
    """Read the Response to SDCardStatus."""
    reader = reader_of(message, CLAUSE)
    result = reader.choice("Result", among=("OK", "ERROR"), mandatory=True)
    cards: list[MemoryCard] = []
    elements = reader.items("SDCardStatusInfo")[1]
    elements = elements or [one for one in children(message.root, "Item") if len(one)]
    for element in elements[:_MAXIMUM_ITEMS]:
        own = reader.within(element)
        number = own.integer("ID", mandatory=True, least=0)
        if number is not None:
            cards.append(
                MemoryCard(
                    number,
                    own.text("HddName"),
                    own.choice(
                        "Status",
                        among=("ok", "formatting", "unformatted", "idle", "error"),
                        mandatory=True,
                    ),
                    own.integer("Capacity", least=0),
                    own.integer("FreeSpace", least=0),
                    own.integer("FormatProgress", least=0, most=100),
                )
            )
    return MemoryCards(
        message.sn,
        message.device,
        {"OK": True, "ERROR": False}.get(result),
        tuple(cards),
        reader.integer("SumNum", least=0),
        (*message.deviations, *reader.deviations),
    )
