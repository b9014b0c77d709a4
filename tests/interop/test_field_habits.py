"""Habits of programs that others wrote, met when they ran against ours (docs/interop.md)."""

from __future__ import annotations

import asyncio

from protocols.sip.conformance import judge_message
from protocols.sip.endpoint import IncomingRequest, SipEndpoint
from protocols.sip.message import parse_message

OURS, THEIRS = "127.67.6.1", "127.67.6.2"

#: As VAG.Node steers a playback: its INFO names the method otherwise in CSeq.
INFO = (
    f"INFO sip:61010000001320000001@{OURS} SIP/2.0\r\n"
    f"Via: SIP/2.0/UDP {THEIRS}:5060;branch=z9hG4bK3981\r\n"
    "From: <sip:61010000002000000001@6101000000>;tag=k7\r\n"
    "To: <sip:61010000001320000001@6101000000>;tag=a1\r\n"
    "Call-ID: 4711@vag\r\n"
    "CSeq: 88 Info\r\n"
    "Content-Length: 0\r\n\r\n"
).encode()


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _: object) -> None:
        self.answer.set_result(data)


def test_a_method_in_another_case_in_cseq_is_obeyed_and_found():
    async def scenario() -> None:
        def obey(incoming: IncomingRequest) -> None:
            incoming.respond(200)

        async with SipEndpoint(OURS, 0, on_request=obey) as endpoint:
            transport, answers = await asyncio.get_running_loop().create_datagram_endpoint(
                _Answers, local_addr=(THEIRS, 5060)
            )
            transport.sendto(INFO, (OURS, endpoint.port))
            async with asyncio.timeout(5):
                answer = await answers.answer
            transport.close()
        assert answer.startswith(b"SIP/2.0 200 ")

    asyncio.run(scenario())
    assert "sip-cseq-method" in {one.code for one in judge_message(parse_message(INFO))}
