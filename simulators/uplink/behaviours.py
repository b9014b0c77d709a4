"""The behaviours of an uplink, and what they make of its signalling, media and snapshot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from simulators.behaviours import defect, variant
from simulators.uplink.gb28181 import RegisteredPlan

PLAIN_MEDIA = defect("plain-media", "Video goes as RTP over UDP in clear; signalling is in TLS.")
PLAIN_SIGNALLING = defect(
    "plain-signalling", "Signalling goes over TCP in clear; video is SRTP, keyed elsewhere."
)
PLAIN_SNAPSHOT = defect(
    "media-encrypted-but-snapshot-plain", "Video is encrypted, the snapshot is fetched over HTTP."
)
NULL_SRTP = defect(
    "null-cipher-srtp", "Video is SRTP with the NULL cipher: authenticated, not encrypted."
)
FALLBACK = defect(
    "plaintext-fallback-after-reconnect",
    "The first connection is encrypted; after a reconnect the camera goes on in clear.",
)
PLAIN_INTERLEAVED = defect(
    "rtp-over-tcp-plain", "RTSP and the RTP interleaved in it go over TCP in clear."
)
BASE64 = defect("base64-not-encryption", "Video goes over TCP as base64 lines and no cipher.")
XOR = defect("xor-obfuscated-media", "RTP payloads are XORed with a repeating key of four bytes.")
INDOOR = defect("indoor-camera-plain", "A camera mounted indoors sends its video in clear.")
NULL_TLS = defect("weak-tls-cipher", "TLS is negotiated with a NULL cipher suite.")
OLD_TLS = defect("outdated-tls-version", "TLS 1.0 is all that is negotiated.")

TLS12 = variant("tls12", "The link is RTSP over TLS 1.2.")
TLS13 = variant("tls13", "The link is RTSP over TLS 1.3.")
SRTP = variant("srtp-over-tls-signalling", "Video is SRTP over UDP, keyed by SDES inside TLS.")
BESIDE = variant(
    "dns-and-ntp-beside", "The camera asks the platform's address for DNS and NTP too."
)
REDIRECT = variant("http-redirects-to-https", "Plain HTTP answers with a redirect to HTTPS only.")

GB_PLAIN_UDP = defect(
    "gb28181-plain-udp", "GB/T 28181 in clear: SIP over UDP, program stream in RTP over UDP."
)
GB_PLAIN_TCP = defect(
    "gb28181-plain-tcp", "GB/T 28181 in clear: SIP over TCP, program stream in RTP over TCP."
)
GB_NULL_SRTP = defect(
    "gb28181-null-srtp", "GB/T 28181 over TLS; its stream is SRTP with UNENCRYPTED_SRTP agreed."
)
GB_FALLBACK = defect(
    "gb28181-fallback-after-reconnect",
    "The first registration uses TLS and SRTP; the camera registers anew over UDP in clear.",
)
GB_PLAIN_MEDIA = defect(
    "gb28181-plain-media", "GB/T 28181 signalling goes over TLS; the program stream is in clear."
)
GB_SECURE = variant(
    "gb28181-tls-srtp", "GB/T 28181 over TLS; its stream is SRTP keyed by SDES inside it."
)
TUNNEL = variant("vpn-tunnel", "GB/T 28181 in clear inside an IPsec tunnel (ESP in UDP).")

UPLINK_BEHAVIOURS = frozenset(
    {GB_PLAIN_UDP, GB_PLAIN_TCP, GB_NULL_SRTP, GB_FALLBACK, GB_PLAIN_MEDIA, GB_SECURE, TUNNEL}
    | {PLAIN_MEDIA, PLAIN_SIGNALLING, PLAIN_SNAPSHOT, NULL_SRTP, FALLBACK, PLAIN_INTERLEAVED}
    | {BASE64, XOR, INDOOR, NULL_TLS, OLD_TLS, TLS12, TLS13, SRTP, BESIDE, REDIRECT}
)

Media = Literal["interleaved", "rtp", "srtp", "null-srtp", "xor", "base64"]


@dataclass(frozen=True)
class LinkPlan:
    """How one connection is made.

    Attributes:
        media: how video travels; ``interleaved`` goes inside the signalling connection.
        tls: what protects signalling: ``sound``, ``1.2``, ``1.3``, ``null``, ``1.0`` or ``none``.
        snapshot_tls: whether the snapshot is fetched over HTTPS.
        redirect: a request over plain HTTP is redirected.
        beside: DNS and NTP requests are sent as well.
    """

    media: Media = "interleaved"
    tls: str = "sound"
    snapshot_tls: bool = True
    redirect: bool = False
    beside: bool = False


def plans(behaviours: Collection[str]) -> list[LinkPlan] | list[RegisteredPlan]:
    """The connections of one episode, one after the other."""
    for name, registered in _REGISTERED.items():
        if name in behaviours:
            return registered
    plan = LinkPlan(
        snapshot_tls=PLAIN_SNAPSHOT not in behaviours,
        redirect=REDIRECT in behaviours,
        beside=BESIDE in behaviours,
    )
    for name, media in _MEDIA.items():
        if name in behaviours:
            plan = replace(plan, media=media)
    for name, tls in _TLS.items():
        if name in behaviours:
            plan = replace(plan, tls=tls)
    if FALLBACK in behaviours:
        return [plan, replace(plan, media="interleaved", tls="none")]
    return [plan]


_REGISTERED = {
    GB_FALLBACK: [RegisteredPlan(), RegisteredPlan("udp", "udp")],
    GB_PLAIN_UDP: [RegisteredPlan("udp", "udp")],
    GB_PLAIN_TCP: [RegisteredPlan("tcp", "tcp")],
    GB_PLAIN_MEDIA: [RegisteredPlan("tls", "udp")],
    GB_NULL_SRTP: [RegisteredPlan("tls", "null-srtp")],
    GB_SECURE: [RegisteredPlan()],
    TUNNEL: [RegisteredPlan("udp", "udp", tunnel=True)],
}
_MEDIA: dict[str, Media] = {
    SRTP: "srtp",
    PLAIN_SIGNALLING: "srtp",
    PLAIN_MEDIA: "rtp",
    INDOOR: "rtp",
    NULL_SRTP: "null-srtp",
    XOR: "xor",
    BASE64: "base64",
}
_TLS = {
    TLS12: "1.2",
    TLS13: "1.3",
    OLD_TLS: "1.0",
    NULL_TLS: "null",
    PLAIN_SIGNALLING: "none",
    PLAIN_INTERLEAVED: "none",
}
