import json
import shutil
import subprocess

import pytest

from protocols.errors import ProtocolError
from protocols.pcap import write_pcap
from protocols.sip.capture import masked, read_conversation, write_conversation
from protocols.sip.passed import PassedMessage

REGISTER = (
    b"REGISTER sip:34020000002000000001@3402000000 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.65.0.9:5060;rport;branch=z9hG4bK1\r\n"
    b"From: <sip:34020000001320000001@3402000000>;tag=1\r\n"
    b"To: <sip:34020000001320000001@3402000000>\r\n"
    b"Call-ID: a\r\nCSeq: 2 REGISTER\r\n"
    b'Authorization: Digest username="a", realm="b", nonce="c", uri="d",\r\n'
    b' response="1dae2e01c1b83b2a156dd94d86ff9c08", algorithm=MD5\r\n'
    b"Content-Length: 0\r\n\r\n"
)


def message(data: bytes, at: float = 1.5, transport: str = "udp", outbound: bool = False):
    ends = ("127.65.0.1", 5060), ("127.65.0.9", 5062)
    return PassedMessage(at, outbound, transport, *ends, data)


def test_a_conversation_is_read_as_it_was_written_but_for_the_proof_of_the_password():
    messages = [message(REGISTER), message(b"SIP/2.0 200 OK\r\n\r\n", 2.25, "tls", True)]
    read = read_conversation(write_conversation(reversed(messages)))
    assert read[1] == messages[1]
    assert b'response="' + b"0" * 32 + b'"' in read[0].data
    assert b"1dae2e" not in read[0].data
    assert len(read[0].data) == len(REGISTER)
    assert read[0].remote == ("127.65.0.9", 5062)


def test_a_message_longer_than_a_datagram_stays_one():
    long = message(b"SIP/2.0 200 OK\r\n\r\n" + b"x" * 150_000, transport="tcp")
    assert read_conversation(write_conversation([long, message(b"", 3.0)])) == [
        long,
        message(b"", 3.0),
    ]


def test_passwords_in_the_clear_are_masked():
    assert masked(b"a=username:u\r\na=password:geheim\r\n") == (
        b"a=username:u\r\na=password:******\r\n"
    )
    assert masked(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc/d==|2^20\r\n") == (
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:0000000|2^20\r\n"
    )
    assert masked(b"<Password>geheim</Password>") == b"<Password>******</Password>"


@pytest.mark.parametrize(
    "content", [b"", b"x" * 40, write_pcap([(0, b"\x45")])], ids=["empty", "text", "no UDP"]
)
def test_other_files_are_refused(content):
    with pytest.raises(ProtocolError):
        read_conversation(content)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark")
def test_tshark_reads_the_messages_and_the_transports(tmp_path):
    file = tmp_path / "conversation.pcapng"
    file.write_bytes(write_conversation([message(REGISTER, transport="tls")]))
    wanted = "frame.comment", "sip.Method", "frame.packet_flags_direction", "ip.src", "udp.dstport"
    fields = [argument for name in wanted for argument in ("-e", name)]
    command = ["tshark", "-r", str(file), "-T", "json", "-d", "udp.port==5062,sip", *fields]
    output = subprocess.run(command, capture_output=True, check=True)
    layers = json.loads(output.stdout)[0]["_source"]["layers"]
    assert layers["frame.comment"] == ["tls"]
    assert layers["sip.Method"] == ["REGISTER"]
    assert layers["ip.src"] == ["127.65.0.9"]
    assert layers["udp.dstport"] == ["5060"]
