"""Protected flows: is the protection that a flow claims really there, and is it sound?"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from probes.wire.content import Content, examine_stream, merge
from probes.wire.flows import Flow
from probes.wire.rtp_media import RtpTrack
from probes.wire.statistics import positional_z, uniformity
from protocols.errors import ProtocolError
from protocols.flow_signatures import looks_like_rtcp
from protocols.rtcp import parse_rtcp
from protocols.tls_records import (
    APPLICATION_DATA,
    Handshake,
    TlsRecord,
    find_record_chain,
    is_dtls,
    is_outdated,
    read_dtls_handshake,
    read_handshake,
    read_records,
    starts_like_tls,
    version_name,
)
from protocols.tls_suites import is_known_suite, mac_size, suite_name, suite_weakness

Judgement = Literal["protected", "weak", "plain", "unknown", "auxiliary", "idle"]
CERTAINLY_UNEVEN = 10.0
_EXPLICIT_NONCE = 8


@dataclass
class Protection:
    """What a protected flow turned out to be.

    Attributes:
        name: ``tls``, ``tlcp``, ``dtls``, ``srtp``, ...
        judgement: protected, weak (broken or withdrawn), plain (read all the same), unknown.
        why: code of the sentence that explains the judgement.
        version, cipher: negotiated, in words, "" when not seen.
        parameters: for the sentence.
        content: what was read behind a NULL cipher.
    """

    name: str
    judgement: Judgement
    why: str
    version: str = ""
    cipher: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    content: Content | None = None


def judge_tls(flow: Flow) -> Protection | None:
    """A TLS or TLCP connection; ``None`` when the flow is none."""
    streams = [bytes(direction.stream.data) for direction in flow.directions()]
    if any(starts_like_tls(data) for data in streams):
        records = [_records(data, 0) for data in streams]
    else:
        starts = [find_record_chain(data) for data in streams]
        if max(starts) < 0:
            return None
        records = [
            _records(data, at) if at >= 0 else [] for data, at in zip(streams, starts, strict=True)
        ]
    protected = [record for side in records for record in side if _is_data(record)]
    beside = _beside_records(flow, records)
    if beside:
        return _mixed(beside)
    try:
        handshake = read_handshake(*records)
    except ProtocolError:
        handshake = Handshake()
    if handshake.server is None:
        if not protected:
            return Protection("tls", "idle", "tls-no-data")
        return _evenness(Protection("tls", "unknown", "tls-handshake-missing"), protected, 0)
    return _negotiated(handshake, records, protected)


def _records(data: bytes, start: int) -> list[TlsRecord]:
    """The records of one direction; after a gap the reading begins anew at the next chain."""
    found: list[TlsRecord] = []
    for _ in range(64):
        try:
            for record in read_records(data, start):
                found.append(record)
                start = record.offset + 5 + len(record.fragment)
            return found
        except ProtocolError:
            following = find_record_chain(data[start + 1 : start + 200_000])
            if following < 0:
                return found
            start += 1 + following
    return found


def _beside_records(flow: Flow, records: list[list[TlsRecord]]) -> bytes:
    """Bytes of a connection captured whole that stand outside any record."""
    left = b""
    for direction, side in zip(flow.directions(), records, strict=True):
        if direction.stream.gaps or not direction.stream.began or direction.truncated:
            continue
        data = bytes(direction.stream.data)
        end = 0
        for record in side:
            left += data[end : record.offset]
            end = record.offset + 5 + len(record.fragment)
        tail = data[end:]
        if len(tail) >= 5 and not (20 <= tail[0] <= 24 and tail[1] in (1, 3)):
            left += tail
    return left


def _mixed(beside: bytes) -> Protection:
    content = examine_stream(beside)
    if content is not None:
        return Protection("tls", "plain", "plain-beside-tls", content=content)
    return Protection("tls", "unknown", "mixed-flow")


def _is_data(record: TlsRecord) -> bool:
    return record.content_type == APPLICATION_DATA


def _negotiated(
    handshake: Handshake, records: list[list[TlsRecord]], protected: list[TlsRecord]
) -> Protection:
    assert handshake.server is not None
    version, suite = handshake.server.version, handshake.server.suite
    found = Protection(
        "tlcp" if version == 0x0101 else "tls",
        "protected",
        "tls-sound",
        version_name(version),
        suite_name(suite),
    )
    weakness = suite_weakness(suite)
    if not protected:
        found.judgement, found.why = "idle", "tls-no-data"
    elif weakness == "null":
        found.judgement, found.why = "weak", "tls-null-cipher"
        found.content = _behind_null_cipher(records, suite)
    elif weakness is not None:
        found.judgement, found.why = "weak", "tls-weak-cipher"
        found.parameters = {"weakness": weakness}
    elif is_outdated(version):
        found.judgement, found.why = "weak", "tls-outdated"
    elif not is_known_suite(suite):
        found.judgement, found.why = "unknown", "tls-unknown-cipher"
    else:
        found = _evenness(found, protected, _EXPLICIT_NONCE if version < 0x0304 else 0)
    return found


def _evenness(found: Protection, protected: list[TlsRecord], skip: int) -> Protection:
    """What claims to be ciphertext must at least look like it."""
    if uniformity(b"".join(record.fragment[skip:] for record in protected)) > CERTAINLY_UNEVEN:
        found.judgement, found.why = "unknown", "not-ciphertext"
    return found


def _behind_null_cipher(records: list[list[TlsRecord]], suite: int) -> Content | None:
    tag = mac_size(suite)
    return merge(
        examine_stream(
            b"".join(record.fragment[: -tag or None] for record in side if _is_data(record))
        )
        for side in records
    )


def judge_dtls(flow: Flow) -> Protection | None:
    """A flow of DTLS, perhaps with the SRTP that it keyed (RFC 5764); ``None`` for neither."""
    datagrams = [data for side in flow.directions() for data in side.payloads()]
    secured = [data for data in datagrams if is_dtls(data)]
    if not secured:
        return None
    try:
        handshake = read_dtls_handshake(secured)
    except ProtocolError:
        handshake = Handshake()
    if handshake.server is None:
        return Protection("dtls", "unknown", "tls-handshake-missing")
    version, suite = handshake.server.version, handshake.server.suite
    name = "dtls-srtp" if handshake.server.use_srtp else "dtls"
    found = Protection(name, "protected", "tls-sound", version_name(version), suite_name(suite))
    weakness = suite_weakness(suite)
    if weakness is not None:
        found.judgement = "weak"
        found.why = "tls-null-cipher" if weakness == "null" else "tls-weak-cipher"
        found.parameters = {"weakness": weakness}
    elif is_outdated(version):
        found.judgement, found.why = "weak", "tls-outdated"
    elif not is_known_suite(suite):
        found.judgement, found.why = "unknown", "tls-unknown-cipher"
    elif any(profile in (5, 6) for profile in handshake.server.use_srtp):
        found.judgement, found.why = "weak", "srtp-null-cipher"
    elif len(secured) < 0.9 * len(datagrams) and name == "dtls":
        found.judgement, found.why = "unknown", "mixed-flow"
    return found


def srtcp_sources(datagrams: list[bytes]) -> dict[int, bool]:
    """Sources whose RTCP carries the index of SRTCP (RFC 3711 3.4): whether it is encrypted.

    The index grows by one with each packet, behind the packet and before the tag (at the very
    end with AEAD, RFC 7714 section 9); nothing but SRTCP has it.
    """
    by_source: dict[int, list[bytes]] = {}
    for data in datagrams:
        if looks_like_rtcp(data) and len(data) >= 20 and not _is_plain_rtcp(data):
            by_source.setdefault(int.from_bytes(data[4:8], "big"), []).append(data)
    found: dict[int, bool] = {}
    for source, packets in list(by_source.items())[:64]:
        for tag in (10, 4, 0, 16):
            words = [int.from_bytes(data[-tag - 4 : len(data) - tag], "big") for data in packets]
            if _is_index(words):
                found[source] = bool(words[0] >> 31)
                break
    return found


def _is_plain_rtcp(data: bytes) -> bool:
    try:
        parse_rtcp(data)
    except ProtocolError:
        return False
    return True


def _is_index(words: list[int]) -> bool:
    if len({word >> 31 for word in words}) != 1:
        return False
    indices = [word & 0x7FFFFFFF for word in words]
    if len(indices) == 1:
        return indices[0] < 0x10000
    return all(1 <= later - earlier <= 16 for earlier, later in pairwise(indices))


def judge_srtp(track: RtpTrack, keyed: bool) -> Protection:
    """A track of RTP whose payload could not be read.

    Args:
        track: the packets.
        keyed: DTLS-SRTP or SRTCP was seen for it, so that it *is* SRTP and not mere scrambling.
    """
    payloads = track.payloads()
    uneven = uniformity(b"".join(payloads)) > CERTAINLY_UNEVEN
    if uneven or max(positional_z(payloads), default=0.0) > CERTAINLY_UNEVEN:
        return Protection("rtp", "unknown", "rtp-structure-visible")
    if not keyed:
        return Protection("rtp", "unknown", "srtp-unproven")
    return Protection("srtp", "protected", "srtp-sound")
