"""ConfigDownload and DeviceConfig: settings of a device (GB/T 28181-2016 A.2.3, A.2.4, A.2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from protocols.deviation import Deviation
from protocols.gb28181.manscdp import Edition, Fields, Manscdp, Value, build_manscdp
from protocols.gb28181.reading import FieldReader, reader_of
from protocols.xml_reading import children, find, local_name

CLAUSE = "GB/T 28181-2016 A.2.6"
CONFIG_TYPES_2016 = ("BasicParam", "VideoParamOpt", "SVACEncodeConfig", "SVACDecodeConfig")
CONFIG_TYPES_2022 = (
    *CONFIG_TYPES_2016,
    "VideoParamAttribute",
    "VideoRecordPlan",
    "VideoAlarmRecord",
    "PictureMask",
    "FrameMirror",
    "AlarmReport",
    "OSDConfig",
    "SnapShotConfig",
)
_ENVELOPE = ("CmdType", "SN", "DeviceID", "Result", "Info", "ExtraInfo", "SumNum")
_MAXIMUM_BLOCKS = 64
_MAXIMUM_LEAVES = 2000


@dataclass(frozen=True)
class BasicParameters:
    """Name, registration expiry and keepalive of a device.

    ``expiration_s`` and ``heartbeat_interval_s`` are seconds; ``position_capability`` is 0 none,
    1 GPS, 2 Beidou.
    """

    name: str = ""
    expiration_s: int | None = None
    heartbeat_interval_s: int | None = None
    heartbeat_count: int | None = None
    position_capability: int | None = None
    longitude: float | None = None
    latitude: float | None = None

    def fields(self) -> list[tuple[str, Value]]:
        """The children of BasicParam."""
        return [
            ("Name", self.name or None),
            ("Expiration", self.expiration_s),
            ("HeartBeatInterval", self.heartbeat_interval_s),
            ("HeartBeatCount", self.heartbeat_count),
            ("PositionCapability", self.position_capability),
            ("Longitude", self.longitude),
            ("Latitude", self.latitude),
        ]


@dataclass(frozen=True)
class VideoOptions:
    """What a device can do: speeds of download and resolutions (codes of the f line)."""

    download_speeds: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()

    def fields(self) -> list[tuple[str, Value]]:
        """The children of VideoParamOpt."""
        return [
            ("DownloadSpeed", "/".join(self.download_speeds) or None),
            ("Resolution", "/".join(self.resolutions) or None),
        ]


@dataclass(frozen=True)
class VideoAttribute:
    """What one stream of a device is declared to be (2022); codes as in the f line."""

    stream_number: int | None
    video_format: str = ""
    resolution: str = ""
    frame_rate: float | None = None
    bit_rate_type: str = ""
    bit_rate_kbps: float | None = None

    def fields(self) -> list[tuple[str, Value]]:
        """The children of an Item of VideoParamAttribute."""
        return [
            ("StreamNumber", self.stream_number),
            ("VideoFormat", self.video_format or None),
            ("Resolution", self.resolution or None),
            ("FrameRate", self.frame_rate),
            ("BitRateType", self.bit_rate_type or None),
            ("VideoBitRate", self.bit_rate_kbps),
        ]


@dataclass(frozen=True)
class Configuration:
    """One Response to ConfigDownload; a device may send one per type, all with the same SN.

    Attributes:
        sn, device: of the message.
        correct: Result.
        types: names of the blocks in order, as written.
        basic, options, attributes: the blocks that are typed, None or () when absent.
        blocks: every block as pairs of path and text, by its name.
        deviations: what the message has that the standard has not.
    """

    sn: int | None
    device: str
    correct: bool | None = True
    types: tuple[str, ...] = ()
    basic: BasicParameters | None = None
    options: VideoOptions | None = None
    attributes: tuple[VideoAttribute, ...] = ()
    blocks: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()


def build_config_query(
    sn: int, device: str, types: Sequence[str], *, charset: str = "GB2312"
) -> bytes:
    """The query for several types at once."""
    fields = [("ConfigType", "/".join(types))]
    return build_manscdp("Query", "ConfigDownload", sn, device, fields, charset=charset)


def read_config_types(message: Manscdp) -> tuple[str, ...]:
    """The types that a query asks for."""
    return tuple(one for one in message.text("ConfigType").split("/") if one)[:_MAXIMUM_BLOCKS]


def build_config_download(
    sn: int | None,
    device: str,
    blocks: Sequence[tuple[str, Fields]],
    *,
    correct: bool = True,
    charset: str = "GB2312",
) -> bytes:
    """A Response with ``blocks``, e.g. ``[("BasicParam", BasicParameters(…).fields())]``."""
    fields: list[tuple[str, Value]] = [("Result", "OK" if correct else "ERROR"), *blocks]
    return build_manscdp("Response", "ConfigDownload", sn, device, fields, charset=charset)


def build_device_config(
    sn: int, device: str, blocks: Sequence[tuple[str, Fields]], *, charset: str = "GB2312"
) -> bytes:
    """The Control message that sets ``blocks``."""
    fields: list[tuple[str, Value]] = list(blocks)
    return build_manscdp("Control", "DeviceConfig", sn, device, fields, charset=charset)


def read_config_download(message: Manscdp, *, edition: Edition = "2016") -> Configuration:
    """Read a Response to ConfigDownload, or a DeviceConfig, which has the same blocks.

    A block is known by its name, or else by what it holds: some makers name it otherwise.
    """
    reader = reader_of(message, CLAUSE, edition)
    correct: bool | None = None
    if message.kind == "Response":
        text = reader.choice("Result", among=("OK", "ERROR"), mandatory=True)
        correct = {"OK": True, "ERROR": False}.get(text)
    types: list[str] = []
    blocks: dict[str, tuple[tuple[str, str], ...]] = {}
    basic: BasicParameters | None = None
    options: VideoOptions | None = None
    attributes: tuple[VideoAttribute, ...] = ()
    known = CONFIG_TYPES_2016 if edition == "2016" else CONFIG_TYPES_2022
    for element in message.root:
        if not isinstance(element.tag, str) or local_name(element) in _ENVELOPE:
            continue
        name = local_name(element)[:64]
        if len(types) >= _MAXIMUM_BLOCKS:
            reader.add("list-too-long", name)
            break
        types.append(name)
        if name not in known:
            reader.add("config-block", name)
        blocks.setdefault(name, _leaves(element))
        if name == "BasicParam" or find(element, "HeartBeatInterval") is not None:
            basic = basic or _basic(reader.within(element))
        elif name == "VideoParamOpt" or find(element, "DownloadSpeed") is not None:
            options = options or _options(reader.within(element))
        elif name == "VideoParamAttribute":
            attributes = _attributes(element, reader)
    if correct and not types:
        reader.add("field-missing", "BasicParam")
    return Configuration(
        message.sn,
        message.device,
        correct,
        tuple(types),
        basic,
        options,
        attributes,
        blocks,
        (*message.deviations, *reader.deviations),
    )


def _leaves(element: etree._Element) -> tuple[tuple[str, str], ...]:
    """The texts below ``element`` with their paths, e.g. ``("SVCParam/SVCFlag", "1")``."""
    found: list[tuple[str, str]] = []
    path: list[str] = []
    for event, one in etree.iterwalk(element, events=("start", "end")):
        if event == "end":
            if not len(one) and len(found) < _MAXIMUM_LEAVES:
                found.append(("/".join(path[1:])[:256], (one.text or "").strip()[:1024]))
            path.pop()
        else:
            path.append(local_name(one))
    return tuple(found)


def _basic(own: FieldReader) -> BasicParameters:
    return BasicParameters(
        own.text("Name", mandatory=True),
        own.integer("Expiration", mandatory=True, least=3600, most=2**31),
        own.integer("HeartBeatInterval", mandatory=True, least=1, most=86_400),
        own.integer("HeartBeatCount", mandatory=True, least=1, most=1000),
        own.integer("PositionCapability", among=range(3)),
        own.decimal("Longitude", least=-180, most=180),
        own.decimal("Latitude", least=-90, most=90),
    )


def _options(own: FieldReader) -> VideoOptions:
    def parts(name: str) -> tuple[str, ...]:
        return tuple(one.strip() for one in own.text(name).split("/") if one.strip())

    return VideoOptions(parts("DownloadSpeed"), parts("Resolution"))


def _attributes(element: etree._Element, reader: FieldReader) -> tuple[VideoAttribute, ...]:
    found: list[VideoAttribute] = []
    for item in list(children(element, "Item"))[:_MAXIMUM_BLOCKS] or [element]:
        own = reader.within(item)
        found.append(
            VideoAttribute(
                own.integer("StreamNumber", mandatory=True, least=0, most=255),
                own.text("VideoFormat", mandatory=True),
                own.text("Resolution", mandatory=True),
                own.decimal("FrameRate", mandatory=True, least=0, most=99),
                own.text("BitRateType", mandatory=True),
                own.decimal("VideoBitRate", least=0, most=100_000),
            )
        )
    return tuple(found)
