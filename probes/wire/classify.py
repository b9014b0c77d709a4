"""Each flow of a capture judged: protected, weak, plain, unknown, auxiliary or idle."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from probes.wire.content import Content, examine_datagrams, examine_stream, merge
from probes.wire.disguise import Disguise, see_through_datagrams, see_through_stream
from probes.wire.flows import TCP, UDP, Direction, Flow
from probes.wire.framing import interleaved_packets, length_framed_packets
from probes.wire.protection import (
    CERTAINLY_UNEVEN,
    Judgement,
    Protection,
    judge_dtls,
    judge_srtp,
    judge_tls,
    srtcp_sources,
)
from probes.wire.rtp_media import find_tracks
from probes.wire.statistics import uniformity
from probes.wire.tunnels import judge_esp, judge_openvpn, judge_quic, judge_wireguard
from protocols.flow_signatures import AUXILIARY, datagram_protocol, looks_like_rtcp, stream_protocol
from protocols.frames import AH, ESP, ICMP, ICMPV6

_MAXIMUM_AUXILIARY = 262_144
_MAXIMUM_KEEPALIVE = 16
_OTHER_PROTOCOLS = {ICMP: "icmp", ICMPV6: "icmp", 2: "igmp", 103: "pim", 89: "ospf", 112: "vrrp"}
_REDIRECT = re.compile(
    rb"HTTP/\d\.\d 30[12378] [^\r\n]*\r\n(?:[^\r\n]+\r\n)*?location:\s*https://", re.IGNORECASE
)


@dataclass
class JudgedFlow:
    """A flow with its class, its judgement and why.

    Attributes:
        flow: the flow.
        name: class of protocol, e.g. ``tls``, ``rtp``, ``rtsp``, ``unknown``.
        judgement: see ``Judgement``.
        why: code of the explaining sentence (``wire-privacy.why.<code>`` in the catalogue).
        version, cipher: negotiated, in words.
        parameters: for the sentence.
        content: what was read.
        disguise: how it was hidden, when it was.
    """

    flow: Flow
    name: str
    judgement: Judgement
    why: str
    version: str = ""
    cipher: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    content: Content | None = None
    disguise: Disguise | None = None


def judge_flows(flows: Iterable[Flow]) -> list[JudgedFlow]:
    """Every flow judged, in their order; what one flow tells of another is taken into account."""
    chosen = list(flows)
    keyed: list[tuple[Flow, dict[int, bool]]] = []
    for flow in chosen:
        for side in flow.directions():
            sources = srtcp_sources(_rtcp_datagrams(flow, side))
            if sources:
                keyed.append((flow, sources))
    return [_judge(flow, _keyed_beside(flow, keyed)) for flow in chosen]


def _keyed_beside(flow: Flow, keyed: list[tuple[Flow, dict[int, bool]]]) -> dict[int, bool]:
    """The sources that SRTCP was seen for while the flow lasted.

    GB/T 28181 gives a camera's next stream the source of its last one: what was keyed before a
    reconnect tells nothing of what comes after.
    """
    found: dict[int, bool] = {}
    for other, sources in keyed:
        if other.first_ns <= flow.last_ns and flow.first_ns <= other.last_ns:
            found |= sources
    return found


def _rtcp_datagrams(flow: Flow, side: Direction) -> list[bytes]:
    packets: list[bytes] = []
    if flow.protocol == UDP:
        packets = side.payloads()
    elif flow.protocol == TCP and b"$" in side.stream.data[:100_000]:
        packets = interleaved_packets(bytes(side.stream.data))
    return [data for data in packets if looks_like_rtcp(data)]


def _judge(flow: Flow, keyed: dict[int, bool]) -> JudgedFlow:
    if not flow.octets:
        return JudgedFlow(flow, "silent", "idle", "no-payload")
    if flow.protocol == TCP:
        return _judge_stream(flow, keyed)
    if flow.protocol == UDP:
        return _judge_datagrams(flow, keyed)
    return _judge_other(flow)


def _judge_stream(flow: Flow, keyed: dict[int, bool]) -> JudgedFlow:
    tls = judge_tls(flow)
    if tls is not None:
        return _of_protection(flow, tls)
    streams = [bytes(side.stream.data) for side in flow.directions()]
    names = [stream_protocol(data) for data in streams]
    if "ssh" in names:
        return _judge_ssh(flow, streams)
    content = merge(examine_stream(data) for data in streams)
    if content is not None:
        if content.kind == "signalling" and _only_redirects(streams):
            return JudgedFlow(flow, "http", "auxiliary", "redirect-to-https")
        return _plain(flow, names[0] or names[1] or content.form.split()[-1], content)
    if "openvpn" in names:
        return _of_protection(flow, judge_openvpn(*flow.directions(), stream=True))
    for data in streams:
        disguise = see_through_stream(data)
        if disguise is not None:
            return _disguised(flow, disguise)
    packets = [data for stream in streams for data in length_framed_packets(stream)]
    srtp = _srtp(flow, packets, keyed)
    return srtp or _unknown(flow, b"".join(streams))


def _judge_datagrams(flow: Flow, keyed: dict[int, bool]) -> JudgedFlow:
    ports = flow.opener[1], flow.answerer[1]
    sides = [side.payloads() for side in flow.directions()]
    dtls = judge_dtls(flow)
    if dtls is not None and dtls.name != "dtls-srtp":
        return _of_protection(flow, dtls)
    every = sides[0] + sides[1]
    names = [datagram_protocol(data, ports) for data in every[:500]]
    named = _named_datagrams(flow, names)
    if named is not None:
        return named
    if all(len(data) <= _MAXIMUM_KEEPALIVE and len(set(data)) <= 1 for data in every):
        return JudgedFlow(flow, "keepalive", "auxiliary", "carries-nothing")
    content = merge(examine_datagrams(side) for side in sides)
    if content is not None:
        return _plain(flow, content.form.split()[-1], content, keyed)
    if all(looks_like_rtcp(data) for data in every):
        return JudgedFlow(flow, "rtcp", "auxiliary", "carries-nothing")
    for side in sides:
        disguise = see_through_datagrams(side)
        if disguise is not None:
            return _disguised(flow, disguise)
    if dtls is not None:
        return _of_protection(flow, dtls)
    return _srtp(flow, every, keyed) or _unknown(flow, b"".join(every))


def _named_datagrams(flow: Flow, names: list[str]) -> JudgedFlow | None:
    """A flow whose datagrams all belong to one named protocol, or to one tunnel."""
    found = set(names)
    if len(found) == 1 and names[0] in AUXILIARY:
        if flow.octets > _MAXIMUM_AUXILIARY:
            return JudgedFlow(flow, names[0], "unknown", "too-much-for-auxiliary")
        return JudgedFlow(flow, names[0], "auxiliary", "carries-nothing")
    if found == {"wireguard"}:
        return _of_protection(flow, judge_wireguard(*flow.directions()))
    if found == {"openvpn"}:
        return _of_protection(flow, judge_openvpn(*flow.directions(), stream=False))
    # Once QUIC is open, its packets have short headers without any mark.
    if names[0] == "quic" and found <= {"quic", ""}:
        return _of_protection(flow, judge_quic(*flow.directions()))
    if found == {"ike"}:
        return JudgedFlow(flow, "ike", "auxiliary", "carries-nothing")
    if "esp-in-udp" in found and found <= {"esp-in-udp", "ike", ""}:
        esp = judge_esp(*flow.directions())
        # Port 4500 alone makes no ESP: what does not count as ESP is judged as any other flow.
        return _of_protection(flow, esp) if esp.judgement != "unknown" else None
    return None


def _judge_other(flow: Flow) -> JudgedFlow:
    name = _OTHER_PROTOCOLS.get(flow.protocol)
    if name is not None:
        return JudgedFlow(flow, name, "auxiliary", "carries-nothing")
    if flow.protocol == ESP:
        return _of_protection(flow, judge_esp(*flow.directions()))
    if flow.protocol == AH:
        return JudgedFlow(flow, "ah", "weak", "integrity-only")
    return JudgedFlow(flow, f"ip-{flow.protocol}", "unknown", "unknown-protocol")


def _of_protection(flow: Flow, found: Protection) -> JudgedFlow:
    judgement = found.judgement
    if found.content is not None:
        judgement = "plain"
    return JudgedFlow(
        flow,
        found.name,
        judgement,
        found.why,
        found.version,
        found.cipher,
        dict(found.parameters),
        found.content,
    )


def _judge_ssh(flow: Flow, streams: list[bytes]) -> JudgedFlow:
    banner = next(data for data in streams if data.startswith(b"SSH-"))
    version = banner[:7].decode("ascii", "replace")
    if any(data.startswith(b"SSH-1.") and data[:8] != b"SSH-1.99" for data in streams):
        return JudgedFlow(flow, "ssh", "weak", "ssh-outdated", version)
    bodies = b"".join(data[4096:] for data in streams)
    if uniformity(bodies) > CERTAINLY_UNEVEN:
        return JudgedFlow(flow, "ssh", "unknown", "not-ciphertext", version)
    return JudgedFlow(flow, "ssh", "protected", "tunnel-sound", version)


def _plain(
    flow: Flow, name: str, content: Content, keyed: dict[int, bool] | None = None
) -> JudgedFlow:
    judged = JudgedFlow(flow, name, "plain", f"readable-{content.kind}", content=content)
    judged.parameters = {"form": content.form}
    if content.tag or (keyed and "rtp" in content.form and _null_srtp(flow, keyed)):
        judged.name, judged.why = "srtp", "srtp-null-cipher"
    return judged


def _null_srtp(flow: Flow, keyed: dict[int, bool]) -> bool:
    tracks = [track for side in flow.directions() for track in find_tracks(side.payloads())]
    return any(track.ssrc in keyed for track in tracks)


def _disguised(flow: Flow, disguise: Disguise) -> JudgedFlow:
    content = disguise.content
    why = "masked" if disguise.kind == "mask" else "text-encoded"
    parameters = {"form": content.form, "kind": disguise.kind, "key_size": disguise.key_size}
    return JudgedFlow(
        flow, disguise.kind, "plain", why, parameters=parameters, content=content, disguise=disguise
    )


def _srtp(flow: Flow, packets: list[bytes], keyed: dict[int, bool]) -> JudgedFlow | None:
    tracks = find_tracks(packets)
    if not tracks or sum(len(track.packets) for track in tracks) < 0.9 * _not_rtcp(packets):
        return None
    judged = [judge_srtp(track, keyed.get(track.ssrc, False)) for track in tracks]
    worst = next((found for found in judged if found.judgement != "protected"), judged[0])
    return _of_protection(flow, worst)


def _not_rtcp(packets: list[bytes]) -> int:
    return sum(not looks_like_rtcp(data) for data in packets)


def _unknown(flow: Flow, data: bytes) -> JudgedFlow:
    why = "unknown-uneven" if uniformity(data) > CERTAINLY_UNEVEN else "unknown-even"
    return JudgedFlow(flow, "unknown", "unknown", why)


def _only_redirects(streams: list[bytes]) -> bool:
    """Whether every HTTP answer only sends the client to HTTPS, and no credentials were told."""
    answers = [data for data in streams if data.startswith(b"HTTP/")]
    if len(answers) != 1 or any(b"authorization:" in data[:65536].lower() for data in streams):
        return False
    count = len(re.findall(rb"HTTP/\d\.\d \d{3}", answers[0]))
    return count == len(_REDIRECT.findall(answers[0]))
