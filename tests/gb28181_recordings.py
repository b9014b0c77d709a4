"""Recordings of GB/T 28181 visits with a known truth, made without any network.

A ``Talk`` is written line by line, with a clock that the test moves::

    talk = Talk()
    talk.register()
    talk.pass_time(20)
    talk.tells("Notify", "Keepalive", {"Status": "OK"})
    recording = talk.recording("gb28181:keepalive", steps=[...])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from assessment.reason import Reason
from assessment.recording import Part, Recording
from protocols.gb28181.manscdp import CONTENT_TYPE, Fields, build_manscdp
from protocols.http_digest import Challenge
from protocols.mpeg_ps.build import NO_FLAWS, Flaws, ProgramStreamBuilder
from protocols.pcap import udp_datagram
from protocols.rtp_packetise import rtp_header
from protocols.rtp_stream import packetise_program_stream
from protocols.sip.capture import write_conversation
from protocols.sip.dates import format_gb_date
from protocols.sip.message import Headers, SipMessage, SipRequest, SipResponse
from protocols.sip.passed import PassedMessage
from tests.stream_recordings import CodedPicture, encode, moving_frames, static_frames

DEVICE = "61010200001320000001"
SERVER = "61010200002000000001"
DOMAIN = "6101020000"
HARNESS_END, DEVICE_END = ("127.66.0.1", 5060), ("127.66.0.2", 5060)
START = 1_790_000_000.0


class Talk:
    """A conversation in the making.

    Attributes:
        at: the time of the next message, POSIX seconds.
        device: the id that the device uses.
    """

    def __init__(self, *, transport: str = "udp", device: str = DEVICE) -> None:
        self.at = START
        self.transport = transport
        self.device = device
        self.passed: list[PassedMessage] = []
        self._count = 0

    def pass_time(self, seconds: float) -> float:
        """Move the clock; the new time."""
        self.at += seconds
        return self.at

    def say(self, message: SipMessage | bytes, *, outbound: bool) -> None:
        """One message on the wire, now."""
        data = message if isinstance(message, bytes) else message.to_bytes()
        self.passed.append(
            PassedMessage(self.at, outbound, self.transport, HARNESS_END, DEVICE_END, data)
        )

    def request(
        self,
        method: str,
        *,
        outbound: bool = False,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        call_id: str = "",
        number: int = 0,
    ) -> SipRequest:
        """Say a request; returns it."""
        self._count += 1
        ends = (SERVER, self.device) if outbound else (self.device, SERVER)
        if method == "REGISTER":
            ends = (self.device, self.device)
        via = HARNESS_END if outbound else DEVICE_END
        request = SipRequest(
            method,
            f"sip:{ends[1]}@{DOMAIN}",
            Headers(
                [
                    ("Via", f"SIP/2.0/UDP {via[0]}:{via[1]};branch=z9hG4bK{self._count}"),
                    ("From", f"<sip:{ends[0]}@{DOMAIN}>;tag=t{self._count}"),
                    ("To", f"<sip:{ends[1]}@{DOMAIN}>"),
                    ("Call-ID", call_id or f"call-{self._count}"),
                    ("CSeq", f"{number or self._count} {method}"),
                    ("Max-Forwards", "70"),
                    *headers,
                ]
            ),
            body,
        )
        self.say(request, outbound=outbound)
        return request

    def answer(
        self,
        request: SipRequest,
        status: int = 200,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        outbound: bool = True,
        after: float = 0.01,
    ) -> None:
        """Say the answer to a request."""
        self.pass_time(after)
        own = [(n, v) for n, v in request.headers if n in ("Via", "From", "Call-ID", "CSeq")]
        own.append(("To", (request.headers.get("To") or "") + ";tag=a"))
        self.say(SipResponse(status, "", Headers([*own, *headers]), body), outbound=outbound)

    def register(
        self,
        *,
        expires: int = 3600,
        granted: int | None = None,
        realm: str = DOMAIN,
        nonce: str = "n1",
        used_nonce: str = "",
        credentials: bool = True,
        status: int = 200,
        stale: bool = False,
        date_shift_s: float = 0.0,
    ) -> None:
        """REGISTER, 401, REGISTER with credentials, and the final answer."""
        call = f"register-{self._count}"
        seconds = ("Expires", str(expires))
        first = self.request("REGISTER", headers=[seconds], call_id=call, number=1)
        challenge = Challenge("Digest", DOMAIN, nonce, "MD5", stale=stale)
        self.answer(first, 401, [("WWW-Authenticate", challenge.build())])
        self.pass_time(0.02)
        if not credentials:
            return
        value = (
            f'Digest username="{self.device}", realm="{realm}", nonce="{used_nonce or nonce}", '
            f'uri="sip:{SERVER}@{DOMAIN}", response="{"0" * 32}", algorithm=MD5'
        )
        headers = [seconds, ("Authorization", value)]
        second = self.request("REGISTER", headers=headers, call_id=call, number=2)
        final = [("Expires", str(expires if granted is None else granted))]
        if status == 401:
            final = [("WWW-Authenticate", Challenge("Digest", DOMAIN, "n3", stale=stale).build())]
        if status == 200:
            final.append(("Date", format_gb_date(self.at + date_shift_s)))
        self.answer(second, status, final)

    def tells(
        self,
        kind: Any,
        command: str,
        fields: Fields = (),
        *,
        sn: int | None = 1,
        device: str | None = None,
        outbound: bool = False,
        status: int = 200,
        method: str = "MESSAGE",
        headers: Sequence[tuple[str, str]] = (),
        **more: Any,
    ) -> SipRequest:
        """A MANSCDP body in a MESSAGE, answered with ``status`` (0: not at all)."""
        named = self.device if device is None else device
        body = build_manscdp(kind, command, sn, named, fields, **more)
        heads = [("Content-Type", CONTENT_TYPE), *headers]
        request = self.request(method, outbound=outbound, headers=heads, body=body)
        if status:
            self.answer(request, status, outbound=not outbound)
        return request

    def recording(
        self,
        kind: str,
        steps: Sequence[Mapping[str, Any]] = (),
        *,
        problem: Reason | None = None,
        parts: Mapping[str, bytes] | None = None,
        **facts: Any,
    ) -> Recording:
        """The recording of the talk so far."""
        found = {"conversation.pcapng": Part.of(write_conversation(self.passed), "x/pcapng")}
        found |= {name: Part.of(content, "x/pcap") for name, content in (parts or {}).items()}
        common = {
            "device": {"id": self.device, "transport": self.transport},
            "server": {"id": SERVER, "domain": DOMAIN, "realm": DOMAIN},
            "keepalive_s": 60.0,
            "reference": {"error_s": 0.01, "source": "ntp"},
        }
        return Recording(
            kind,
            DEVICE,
            datetime.fromtimestamp(START, UTC),
            datetime.fromtimestamp(self.at, UTC),
            facts={**common, "steps": [dict(one) for one in steps], **facts},
            parts=found,
            problem=problem,
        )


def empty(kind: str, code: str = "visit.no-gb28181") -> Recording:
    """A visit that brought nothing home."""
    at = datetime.fromtimestamp(START, UTC)
    return Recording(kind, DEVICE, at, at, problem=Reason(code))


SSRC = 100001
MEDIA_ENDS = ("127.66.0.2", 40_000), ("127.66.0.1", 40_002)


@lru_cache(maxsize=4)
def footage(count: int = 50, gop: int = 25, step: tuple[int, int] = (0, 0)) -> list[CodedPicture]:
    """Pictures of a texture that moves ``step`` pixels a picture."""
    if step == (0, 0):
        frames = static_frames(count)
    else:
        large = moving_frames(1, 960, 720)[0]
        frames = []
        for index in range(count):
            x, y = 300 + index * step[0], 250 + index * step[1]
            frames.append(large[y : y + 180, x : x + 320].copy())
    return list(encode(frames, codec="H264", gop=gop))


def program_stream(
    pictures: Sequence[CodedPicture], *, flaws: Flaws = NO_FLAWS, start_pts: int = 90_000
) -> list[tuple[int, bytes]]:
    """PTS and pack of each picture, 25 a second."""
    builder = ProgramStreamBuilder("H264", flaws=flaws)
    packs = []
    for index, one in enumerate(pictures):
        pts = start_pts + index * 3600
        packs.append((pts, builder.picture(one.data, pts, one.key)))
    return packs


def media_packets(
    packs: Sequence[tuple[int, bytes]],
    start: float,
    *,
    ssrc: int = SSRC,
    payload_type: int = 96,
    speed: float = 1.0,
    first_sequence: int = 0,
    lose: Sequence[int] = (),
) -> list[tuple[int, bytes]]:
    """Frames for ``write_pcap``: RTP paced by PTS, ``speed`` times as fast as the media."""
    frames = []
    sequence = first_sequence
    for pts, pack in packs:
        at = start + (pts - packs[0][0]) / 90_000 / speed
        payloads = packetise_program_stream(pack)
        for index, payload in enumerate(payloads):
            last = index == len(payloads) - 1
            header = rtp_header(payload_type, last, sequence & 0xFFFF, pts & 0xFFFFFFFF, ssrc)
            if sequence - first_sequence not in lose:
                data = udp_datagram(*MEDIA_ENDS, header + payload)
                frames.append((round((at + index * 1e-4) * 1e9), data))
            sequence += 1
    return frames


def invite(
    talk: Talk,
    *,
    transport: str = "udp",
    name: str = "Play",
    ssrc: int = SSRC,
    answer_ssrc: int | None = None,
    answer_type: int = 96,
    status: int = 200,
    part: str = "media-1.pcap",
    file_size: int | None = None,
) -> dict[str, Any]:
    """INVITE, its answer and ACK; returns the step, open."""
    protocol = "RTP/AVP" if transport == "udp" else "TCP/RTP/AVP"
    head = (
        f"v=0\r\no={SERVER} 0 0 IN IP4 127.66.0.1\r\ns={name}\r\nc=IN IP4 127.66.0.1\r\nt=0 0\r\n"
    )
    offer = (
        f"{head}m=video 40002 {protocol} 96\r\na=recvonly\r\na=rtpmap:96 PS/90000\r\n"
        f"y={ssrc:010d}\r\n"
    )
    told = ssrc if answer_ssrc is None else answer_ssrc
    size = f"a=filesize:{file_size}\r\n" if file_size is not None else ""
    answer = (
        f"{head.replace(SERVER, DEVICE)}m=video 40000 {protocol} {answer_type}\r\na=sendonly\r\n"
        f"a=rtpmap:{answer_type} PS/90000\r\n{size}y={told:010d}\r\n"
    )
    kind = [("Content-Type", "Application/SDP")]
    step: dict[str, Any] = {"name": "live", "at": talk.at, "transport": transport, "part": part}
    request = talk.request("INVITE", outbound=True, headers=kind, body=offer.encode())
    step |= {"call_id": request.headers.get("Call-ID"), "ssrc": ssrc, "invited_at": talk.at}
    body = answer.encode() if status == 200 else b""
    talk.answer(request, status, kind if body else (), body, outbound=False)
    step |= {"status": status, "answered_at": talk.at, "problem": None}
    if status == 200:
        talk.request("ACK", outbound=True, call_id=str(step["call_id"]))
        step["acked_at"] = talk.at
    return step


def bye(talk: Talk, step: dict[str, Any], *, status: int = 200, watched: float = 3.0) -> None:
    """BYE and what is noted of it."""
    step["bye_at"] = talk.at
    request = talk.request("BYE", outbound=True, call_id=str(step["call_id"]))
    if status:
        talk.answer(request, status, outbound=False)
    step |= {"bye_status": status or None, "watched_after_bye_s": watched}
    step["ended"] = talk.pass_time(watched)
