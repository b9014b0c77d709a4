"""Session descriptions of GB/T 28181: SDP with ``u=``, ``y=`` and ``f=`` (2016 annex F)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from protocols import sdp
from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.gb28181 import session_lines
from protocols.gb28181.media_parameters import MediaParameters, parse_media_parameters
from protocols.gb28181.session_judgement import CLAUSE, KINDS, judge_answer, judge_offer
from protocols.gb28181.ssrc import format_y, parse_y

__all__ = [
    "CLAUSE",
    "CONTENT_TYPE",
    "FORMATS",
    "KINDS",
    "GbSession",
    "build_answer",
    "build_offer",
    "judge_answer",
    "judge_offer",
    "media_protocol",
    "parse_session",
]

CONTENT_TYPE = "Application/SDP"
_PRIVATE = ("HIKVISION", "DAHUA")

FORMATS: dict[str, tuple[int, str]] = {
    "PS": (96, "PS/90000"),
    "MPEG4": (97, "MPEG4/90000"),
    "H264": (98, "H264/90000"),
    "SVAC": (99, "SVAC/90000"),
    "H265": (100, "H265/90000"),
    "PCMU": (0, "PCMU/8000"),
    "PCMA": (8, "PCMA/8000"),
    "G723": (4, "G723/8000"),
    "G722": (9, "G722/8000"),
    "G729": (18, "G729/8000"),
    "SVACA": (20, "SVACA/8000"),
    "AAC": (102, "AAC/8000/1"),
}
"""Payload type and rtpmap by name (2016 annex C, 100 and 102 from 2022)."""


@dataclass
class GbSession:
    """One offer or answer.

    Attributes:
        owner: user name of ``o=``: the sender's identifier.
        address: media address of ``c=``, "" when the peer left it out.
        name: ``s=``: Play, Playback, Download, Talk; anything in answers.
        channel, record_type: the two halves of ``u=``, "" when there is none.
        start, stop: ``t=`` in POSIX seconds, 0 when live.
        kind: ``video`` or ``audio``.
        port: media port.
        protocol: of the media line: ``RTP/AVP``, ``TCP/RTP/AVP``, ``RTP/SAVP`` ….
        formats: payload type and encoding with clock, e.g. ``(96, "PS/90000")``.
        direction: sendonly, recvonly, sendrecv or inactive.
        setup: ``active``, ``passive``, ``actpass`` or "": what the sender of this SDP does.
        connection: ``new``, ``existing`` or "".
        ssrc: the number of ``y=``, None when there is none.
        parameters: of ``f=``, None when there is none.
        download_speed: of ``a=downloadspeed``, None when absent.
        file_size: bytes of ``a=filesize``, None when absent.
        stream_number: of ``a=streamnumber`` (2022), None when absent.
        crypto: values of ``a=crypto`` (SDES); key material, never to be recorded.
        attributes: further ``a=`` of the media in order, for building.
        deviations: what a parsed one has that the standard has not.
    """

    owner: str
    address: str
    port: int
    name: str = "Play"
    channel: str = ""
    record_type: str = ""
    start: int = 0
    stop: int = 0
    kind: str = "video"
    protocol: str = "RTP/AVP"
    formats: list[tuple[int, str]] = field(default_factory=list)
    direction: str = "recvonly"
    setup: str = ""
    connection: str = ""
    ssrc: int | None = None
    parameters: MediaParameters | None = None
    download_speed: int | None = None
    file_size: int | None = None
    stream_number: int | None = None
    crypto: list[str] = field(default_factory=list, repr=False)
    attributes: list[tuple[str, str]] = field(default_factory=list, repr=False)
    deviations: tuple[Deviation, ...] = field(default=(), compare=False)

    @property
    def transport(self) -> Literal["udp", "tcp"]:
        """Of the media."""
        return "tcp" if self.protocol.upper().startswith("TCP") else "udp"

    @property
    def secure(self) -> bool:
        """Whether the media line asks for SRTP."""
        return "SAVP" in self.protocol.upper()

    @property
    def payload_type(self) -> int | None:
        """The first payload type, None without one."""
        return self.formats[0][0] if self.formats else None

    def encoding(self, payload_type: int) -> str:
        """Encoding name in upper case of ``payload_type``, "" when it has none."""
        found = next((text for number, text in self.formats if number == payload_type), "")
        return found.partition("/")[0].upper()

    def to_bytes(self) -> bytes:
        """The description; y last or directly before f. ValueError: a field holds a line break."""
        network = f"IN IP6 {self.address}" if ":" in self.address else f"IN IP4 {self.address}"
        lines = ["v=0", f"o={self.owner} 0 0 {network}", f"s={self.name}"]
        if self.channel:
            lines.append(f"u={self.channel}:{self.record_type}")
        lines.append(f"c={network}")
        lines.append(f"t={self.start} {self.stop}")
        numbers = " ".join(str(number) for number, _ in self.formats)
        lines.append(f"m={self.kind} {self.port} {self.protocol} {numbers}")
        lines.append(f"a={self.direction}")
        lines += [f"a=rtpmap:{number} {text}" for number, text in self.formats if text]
        lines += [f"a=setup:{self.setup}"] if self.setup else []
        lines += [f"a=connection:{self.connection}"] if self.connection else []
        numbered = (
            ("downloadspeed", self.download_speed),
            ("filesize", self.file_size),
            ("streamnumber", self.stream_number),
        )
        lines += [f"a={name}:{value}" for name, value in numbered if value is not None]
        lines += [f"a=crypto:{one}" for one in self.crypto]
        lines += [f"a={name}:{value}" if value else f"a={name}" for name, value in self.attributes]
        lines += [f"y={format_y(self.ssrc)}"] if self.ssrc is not None else []
        lines += [f"f={self.parameters}"] if self.parameters is not None else []
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("an SDP field holds a line break")
        return "".join(f"{line}\r\n" for line in lines).encode()


def media_protocol(transport: str, secure: bool) -> str:
    """``RTP/AVP``, ``TCP/RTP/AVP``, ``RTP/SAVP`` or ``TCP/RTP/SAVP``."""
    return ("TCP/" if transport == "tcp" else "") + ("RTP/SAVP" if secure else "RTP/AVP")


def build_offer(
    *,
    owner: str,
    address: str,
    port: int,
    ssrc: int | None,
    name: str = "Play",
    transport: Literal["udp", "tcp"] = "udp",
    setup: str = "",
    formats: Iterable[str] = ("PS", "MPEG4", "H264", "H265"),
    channel: str = "",
    record_type: str = "0",
    start: int = 0,
    stop: int = 0,
    kind: str = "video",
    direction: str = "recvonly",
    parameters: MediaParameters | None = None,
    download_speed: int | None = None,
    stream_number: int | None = None,
    crypto: Iterable[str] = (),
) -> bytes:
    """An offer.

    Args:
        owner: identifier of who offers.
        address, port: where the media are awaited (or sent from, when ``setup`` is active).
        ssrc: for ``y=``; None leaves the line out.
        name: Play, Playback, Download or Talk.
        transport: of the media; over TCP ``setup`` says what this side does (default passive).
        setup: ``active`` or ``passive``.
        formats: names in ``FORMATS``.
        channel, record_type: of ``u=``; by default the line is there only for history.
        start, stop: POSIX seconds, history only.
        kind: video or audio.
        direction: of this side.
        parameters: of ``f=``.
        download_speed: Download only.
        stream_number: 0 main, 1 sub (2022).
        crypto: values of ``a=crypto``; makes the protocol SAVP.
    """
    keys = list(crypto)
    live = name in ("Play", "Talk")
    return GbSession(
        owner,
        address,
        port,
        name,
        "" if live else channel,
        "" if live else record_type,
        start,
        stop,
        kind,
        media_protocol(transport, bool(keys)),
        [FORMATS[one] for one in formats],
        direction,
        (setup or "passive") if transport == "tcp" else setup,
        "new" if transport == "tcp" else "",
        ssrc,
        parameters,
        download_speed,
        None,
        stream_number,
        keys,
    ).to_bytes()


def build_answer(
    offer: GbSession,
    *,
    owner: str,
    address: str,
    port: int,
    ssrc: int | None = None,
    name: str | None = None,
    formats: Iterable[tuple[int, str]] | None = None,
    file_size: int | None = None,
    parameters: MediaParameters | None = None,
    crypto: Iterable[str] = (),
) -> bytes:
    """The answer to ``offer``: opposite direction and set-up, ``y=`` echoed unless told otherwise.

    Args:
        offer: what was offered.
        owner: identifier of who answers.
        address, port: of this side's media.
        ssrc: for ``y=``; None: the offered one, if any.
        name: of ``s=``; None: as offered.
        formats: chosen ones; None: the first offered.
        file_size: bytes, Download only.
        parameters: of ``f=``.
        crypto: values of ``a=crypto``.
    """
    opposite = {"recvonly": "sendonly", "sendonly": "recvonly"}
    setups = {"active": "passive", "passive": "active", "actpass": "active"}
    return GbSession(
        owner,
        address,
        port,
        offer.name if name is None else name,
        offer.channel,
        offer.record_type,
        offer.start,
        offer.stop,
        offer.kind,
        offer.protocol,
        list(offer.formats[:1] if formats is None else formats),
        opposite.get(offer.direction, offer.direction),
        setups.get(offer.setup, ""),
        "new" if offer.connection else "",
        offer.ssrc if ssrc is None else ssrc,
        parameters,
        offer.download_speed,
        file_size,
        offer.stream_number,
        list(crypto),
    ).to_bytes()


def parse_session(body: bytes) -> GbSession:
    """Read an offer or answer.

    Raises:
        ProtocolError: no SDP, no media line, or a malformed one.
    """
    if len(body) > sdp.MAXIMUM_BYTES:
        raise ProtocolError(f"SDP: beyond {sdp.MAXIMUM_BYTES} bytes")
    described = sdp.parse_sdp(body)
    if not described.media:
        raise ProtocolError("SDP: no media line")
    media = next((one for one in described.media if one.port), described.media[0])
    if media.port > 65535:
        raise ProtocolError("SDP: no such port")
    deviations: list[Deviation] = []
    own = session_lines.own_lines(body, deviations)
    session = GbSession(
        owner=session_lines.origin(described.origin, deviations)[0],
        address=session_lines.address(media.connection or described.connection, deviations),
        port=media.port,
        name=described.name,
        kind=media.kind,
        protocol=media.protocol.upper(),
        formats=[(one, session_lines.rtpmap(media, one)) for one in media.payload_types],
        direction=media.direction,
        setup=(media.attribute("setup") or described.attribute("setup") or "").lower(),
        connection=(media.attribute("connection") or "").lower(),
        crypto=list(media.attribute_values("crypto")),
    )
    if not session.address:
        session.address = session_lines.origin(described.origin, [])[1]
    session.start, session.stop = session_lines.times(described.timing, deviations)
    if "u" in own:
        session.channel, _, session.record_type = own["u"].partition(":")
        if not re.fullmatch(r"[0-9]{20}:[0-9]|https?://\S+", own["u"]):
            deviations.append(Deviation("sdp-u", CLAUSE, printable(own["u"])))
    if "y" in own:
        try:
            session.ssrc, found = parse_y(own["y"])
            deviations += found
        except ProtocolError:
            deviations.append(Deviation("y-digits", CLAUSE, printable(own["y"])))
    if "f" in own:
        try:
            session.parameters = parse_media_parameters(own["f"])
            deviations += session.parameters.deviations
        except ProtocolError:
            deviations.append(Deviation("f-separators", CLAUSE, printable(own["f"])))
    session.download_speed = session_lines.count(media, "downloadspeed", deviations)
    session.file_size = session_lines.count(media, "filesize", deviations)
    session.stream_number = session_lines.count(media, "streamnumber", deviations)
    _judge(session, media, described, deviations)
    session.deviations = tuple(deviations)
    return session


def _judge(
    session: GbSession,
    media: sdp.Media,
    described: sdp.SessionDescription,
    deviations: list[Deviation],
) -> None:
    """What holds for offers and answers alike."""
    names = {name.lower() for name, _ in [*described.attributes, *media.attributes]}
    if names & {"username", "password"}:
        deviations.append(Deviation("sdp-password", CLAUSE))
    if len(described.media) > 1:
        deviations.append(Deviation("sdp-media-count", CLAUSE, str(len(described.media))))
    if not session.formats:
        deviations.append(Deviation("sdp-formats", CLAUSE))
    for number, text in session.formats:
        encoding = text.partition("/")[0]
        if encoding in _PRIVATE:
            deviations.append(Deviation("sdp-private-stream", CLAUSE, printable(text)))
        elif encoding == "PS" and number != 96:
            clause = "GB/T 28181-2016 C.1"
            deviations.append(Deviation("sdp-payload-type", clause, f"{number} {text}"))
        elif not encoding:
            deviations.append(Deviation("sdp-rtpmap", CLAUSE, str(number)))
    if not re.fullmatch(r"(?:TCP/)?RTP/S?AVPF?", session.protocol):
        deviations.append(Deviation("sdp-protocol", CLAUSE, printable(session.protocol)))
    if session.transport == "tcp" and session.setup not in ("active", "passive"):
        clause = "GB/T 28181-2016 annex L"
        deviations.append(Deviation("sdp-setup", clause, printable(session.setup)))
