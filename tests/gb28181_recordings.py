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
from typing import Any

from assessment.reason import Reason
from assessment.recording import Part, Recording
from protocols.gb28181.manscdp import CONTENT_TYPE, Fields, build_manscdp
from protocols.http_digest import Challenge
from protocols.sip.capture import write_conversation
from protocols.sip.dates import format_gb_date
from protocols.sip.message import Headers, SipMessage, SipRequest, SipResponse
from protocols.sip.passed import PassedMessage

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
