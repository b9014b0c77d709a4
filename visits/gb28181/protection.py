"""The visit ``gb28181:protection``: whether signalling that was changed or repeated is obeyed.

Over TLS a record is changed, then one sent twice, on its way to the device; then the platform
shows a certificate that nobody vouches for. A forged and a repeated datagram go to the device's
SIP port in any case. Only questions are forged, so nothing is changed at the device.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from typing import Any, Literal

from protocols.errors import ProtocolError
from protocols.sip.fields import contacts_of
from protocols.sip.message import SipRequest, parse_message
from targets.errors import VisitProblem
from targets.gb28181.tls_relay import TlsRelay
from visits.circumstances import Visit
from visits.gb28181.script import Script, Step, conversation

_SIP_PORT = 5060
_LARGEST_DATAGRAM = 65_535
_SN = re.compile(rb"<SN>\s*(\d{1,10})\s*</SN>")
_BRANCH = re.compile(r"branch=[^;,\s]+")


async def record_protection(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes."""
    async with conversation(visit) as script:
        transport = visit.facts["transport"] = script.device.peer.transport
        host = script.device.address[0]
        baseline = await _ask(script, "baseline")
        if not baseline["answered"]:
            return
        recorded = _last_question(script)
        if transport == "tls":
            await _over_tls(script, host)
        if recorded is not None:
            await _datagrams(script, host, recorded)


async def _ask(script: Script, name: str) -> Step:
    seconds = script.lengths.gb_answer
    await script.ask(name, lambda: script.device.query("DeviceStatus", seconds=seconds))
    return script.steps[-1]


def _answers(script: Script, sn: int, since: float) -> int:
    return sum(1 for at, found in script.device.responses if found == sn and at >= since)


async def _over_tls(script: Script, host: str) -> None:
    """One bit changed; one record twice; another certificate."""
    device, relay = script.device, script.device.platform.relay
    assert relay is not None
    await _on_the_way(script, relay, host, "tampered", "flip")
    await _on_the_way(script, relay, host, "replayed", "repeat")
    since = script.now
    with script.step("foreign-certificate", registered_over_it=None) as step:
        relay.arm(host, "foreign")
        try:
            device.platform.endpoint.disconnect(device.peer)
            await device.wait_for(lambda: host in relay.foreign, script.lengths.gb_come)
            # The certificate is judged within the handshake; what comes over it, soon after.
            await device.wait_for(lambda: relay.foreign.get(host), 2.0)
        finally:
            relay.disarm(host)
        step["registered_over_it"] = relay.foreign.get(host)
        await _back(script, since, dropped=True)


async def _on_the_way(
    script: Script, relay: TlsRelay, host: str, name: str, trick: Literal["flip", "repeat"]
) -> None:
    """Ask while the relay spoils the question, or says it twice."""
    device, since = script.device, script.now
    allowed = 1 if trick == "repeat" else 0
    with script.step(name, channel="tls", sn=None, obeyed=None, closed=False) as step:
        relay.arm(host, trick)
        answers = len(device.responses)
        try:
            await device.query("DeviceStatus", seconds=script.lengths.gb_answer)
        except VisitProblem:
            pass  # the device has hung up, as it should
        finally:
            relay.disarm(host)
        if host in relay.done:
            await device.wait_for(lambda: device.since(since, "disconnected"), 1.0)
            came = list(device.responses)[answers:]
            step["obeyed"] = len(came) > allowed
        step["closed"] = bool(device.since(since, "disconnected"))
        await _back(script, since, dropped=step["closed"])


async def _back(script: Script, since: float, *, dropped: bool) -> None:
    """Wait for the device to be there again."""
    if dropped:
        await script.happened("registered", since, script.lengths.gb_come)


def _last_question(script: Script) -> SipRequest | None:
    """The question that was asked last, as it went out."""
    for message in reversed(script.device.messages):
        if message.outbound and message.data.startswith(b"MESSAGE ") and _SN.search(message.data):
            try:
                request = parse_message(message.data)
            except ProtocolError:
                continue
            if isinstance(request, SipRequest):
                return request
    return None


def _sip_port(script: Script) -> int:
    """Where the device says that it hears SIP."""
    if script.device.peer.transport == "udp":
        return script.device.address[1]
    for message in reversed(script.device.messages):
        if not message.outbound and message.data.startswith(b"REGISTER "):
            try:
                contacts = contacts_of(parse_message(message.data))
            except ProtocolError:
                continue
            if contacts and contacts[0].uri.port:
                return contacts[0].uri.port
    return _SIP_PORT


async def _datagrams(script: Script, host: str, request: SipRequest) -> None:
    """A forged copy with another SN, and the very same message again, each from another socket.

    The same message comes a third time as a new transaction: a device that only passes over
    retransmissions, as RFC 3261 has it, obeys whoever waits until it has forgotten the first one.
    What the forged copy brings is told by its own SN, so it is waited for beside the others.
    """

    async def replay() -> None:
        await _datagram(script, host, request, "replayed", "datagram")
        await _datagram(script, host, _renewed(request), "replayed", "datagram-new-transaction")

    forged = _forged(request, script.device.platform.next_sn())
    await asyncio.gather(_datagram(script, host, forged, "tampered", "datagram"), replay())


async def _datagram(
    script: Script, host: str, request: SipRequest, name: str, channel: str
) -> None:
    ports = sorted({_sip_port(script), _SIP_PORT})
    found = _SN.search(request.body)
    sn = int(found[1]) if found else 0
    since = script.now
    step: dict[str, Any]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
        script.step(name, channel=channel, obeyed=None, closed=False) as step,
    ):
        step |= {"sn": sn, "ports": ports}
        out.setblocking(False)
        out.bind((script.device.platform.settings.address, 0))
        try:
            for port in ports:
                out.sendto(request.to_bytes(), (host, port))
        except OSError:
            return
        step["obeyed"] = await _obeyed(script, out, sn, since, script.lengths.gb_answer)


async def _obeyed(
    script: Script, out: socket.socket, sn: int, since: float, seconds: float
) -> bool:
    """Whether the question was answered: to the platform, or to whoever sent it."""
    answered = asyncio.create_task(
        script.device.wait_for(lambda: _answers(script, sn, since), seconds)
    )
    told = asyncio.create_task(_told_sender(out, sn))
    try:
        await asyncio.wait({answered, told}, return_when=asyncio.FIRST_COMPLETED)
        return told.done() or await answered
    finally:
        for task in (answered, told):
            task.cancel()
        await asyncio.gather(answered, told, return_exceptions=True)


async def _told_sender(out: socket.socket, sn: int) -> None:
    """Wait until an answer to question ``sn`` comes to the forger's own socket."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            data = await loop.sock_recv(out, _LARGEST_DATAGRAM)
        except OSError:  # nobody listens there; another port may be open
            continue
        found = _SN.search(data)
        if data.startswith(b"MESSAGE ") and b"<Response" in data and found and int(found[1]) == sn:
            return


def _forged(request: SipRequest, sn: int) -> SipRequest:
    """A message of ours that we never sent: another serial number, another transaction."""
    body = _SN.sub(f"<SN>{sn}</SN>".encode(), request.body)
    headers = _renewed(request).headers
    headers.set("Call-ID", secrets.token_hex(16))
    return SipRequest(request.method, request.uri, headers, body)


def _renewed(request: SipRequest) -> SipRequest:
    """The same message as a transaction of its own: only its branch differs."""
    headers = request.headers.copy()
    via = headers.get("Via") or ""
    headers.set("Via", _BRANCH.sub(f"branch=z9hG4bK{secrets.token_hex(8)}", via))
    return SipRequest(request.method, request.uri, headers, request.body)
