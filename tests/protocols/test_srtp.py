"""SDES lines and SRTP: what encrypts, what only looks like it, and what tshark reads of it."""

import base64
import contextlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.pcap import udp_datagram, write_pcap
from protocols.rtcp import SenderReport, build_rtcp
from protocols.rtp_packetise import rtp_header
from protocols.rtp_stream import packetise_program_stream
from protocols.srtp import (
    SUITES,
    CryptoLine,
    SrtpReceiver,
    SrtpSender,
    new_crypto_line,
    parse_crypto_line,
)
from tests.protocols.mpeg_ps.material import stream

COMPUTED = [name for name, suite in SUITES.items() if suite.profile is not None]
NULL = [name for name, suite in SUITES.items() if not suite.encrypts]
CLEAR = rtp_header(96, True, 65_535, 5, 9) + b"hello" * 20
REPORT = build_rtcp(SenderReport(9, 0.0, 1, 2, 3, 4), cname="x")


@pytest.mark.parametrize("suite", COMPUTED + NULL)
def test_packets_go_through_and_come_back(suite):
    line = parse_crypto_line(new_crypto_line(suite).build())
    sender, receiver = SrtpSender(line), SrtpReceiver(line)
    wire = sender.rtp(CLEAR)
    assert len(wire) == len(CLEAR) + SUITES[suite].tag
    assert (b"hello" in wire) is (suite in NULL)
    assert receiver.rtp(wire) == CLEAR
    after = rtp_header(96, True, 0, 6, 9) + b"over the wrap"
    assert receiver.rtp(sender.rtp(after)) == after
    assert receiver.rtcp(sender.rtcp(REPORT)) == REPORT


@pytest.mark.parametrize("suite", [*COMPUTED, "NULL_HMAC_SHA1_80"])
def test_a_changed_packet_is_refused(suite):
    line = new_crypto_line(suite)
    wire = bytearray(SrtpSender(line).rtp(CLEAR))
    wire[20] ^= 1
    with pytest.raises(ProtocolError):
        SrtpReceiver(line).rtp(bytes(wire))


@pytest.mark.parametrize("name", [name for name in SUITES if name.startswith("AES")])
def test_sound_suites_encrypt(name):
    assert new_crypto_line(name).encrypts is True


@pytest.mark.parametrize("name", [*NULL, "NULL_SOMETHING_ELSE"])
def test_null_suites_do_not_count(name):
    assert CryptoLine(1, name, bytes(30)).encrypts is False


def test_parameters_can_undo_a_suite():
    key = base64.b64encode(bytes(30)).decode()
    value = f"1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20|1:4 UNENCRYPTED_SRTP KDR=1"
    line = parse_crypto_line(value)
    assert line.encrypts is False
    assert line.authenticates is True
    assert line.parameters == ("UNENCRYPTED_SRTP", "KDR=1")
    bare = parse_crypto_line(f"2 AES_CM_128_HMAC_SHA1_80 inline:{key} UNAUTHENTICATED_SRTP")
    assert (bare.encrypts, bare.authenticates) == (True, False)
    assert CryptoLine(1, "OF_THE_FUTURE", b"").encrypts is None


def test_a_key_is_never_shown():
    line = new_crypto_line()
    assert base64.b64encode(line.key).decode() not in repr(line)
    assert repr(line.key) not in repr(line)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1 AES_CM_128_HMAC_SHA1_80",
        "x AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:!!!!",
        "1 AES_CM_128_HMAC_SHA1_80 uri:AAAA",
        "1 bad/suite inline:AAAA",
    ],
)
def test_broken_lines_are_refused(value):
    with pytest.raises(ProtocolError):
        parse_crypto_line(value)


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(value):
    for text in (value, "1 AES_CM_128_HMAC_SHA1_80 inline:" + value):
        with contextlib.suppress(ProtocolError):
            parse_crypto_line(text)


@given(st.binary(max_size=200))
def test_no_packet_raises_anything_else(data):
    for suite in ("AES_CM_128_HMAC_SHA1_80", "NULL_HMAC_SHA1_80"):
        receiver = SrtpReceiver(new_crypto_line(suite))
        for opened in (receiver.rtp, receiver.rtcp):
            with pytest.raises(ProtocolError):
                opened(data)


@pytest.mark.parametrize("suite", [*COMPUTED, "NULL_HMAC_SHA1_80"])
@pytest.mark.parametrize("size", [1388, 1500, 8000, 65_535])
def test_long_packets_as_over_tcp_go_through(suite, size):
    line = new_crypto_line(suite)
    packet = rtp_header(96, True, 1, 5, 9) + bytes(size - 12)
    assert SrtpReceiver(line).rtp(SrtpSender(line).rtp(packet)) == packet


def test_unknown_suites_have_no_means():
    with pytest.raises(ValueError, match="no such"):
        new_crypto_line("NO_SUCH")
    with pytest.raises(ValueError, match="no means"):
        SrtpSender(new_crypto_line("F8_128_HMAC_SHA1_80"))


@pytest.mark.parametrize("suite", ["", "AES_CM_128_HMAC_SHA1_80"])
def test_tshark_reads_every_packet_of_a_program_stream(suite, tmp_path):
    packets, sequence = [], 65_530
    for number, pack in enumerate(stream(audio=None)):
        pieces = packetise_program_stream(pack)
        for index, piece in enumerate(pieces):
            last = index == len(pieces) - 1
            packets.append(rtp_header(96, last, sequence, 3600 * number, 0x0A0B0C) + piece)
            sequence += 1
    line = new_crypto_line(suite) if suite else None
    sender, receiver = (SrtpSender(line), SrtpReceiver(line)) if line else (None, None)
    wire = [sender.rtp(packet) for packet in packets] if sender else packets
    if receiver is not None:
        assert [receiver.rtp(packet) for packet in wire] == packets
    ends = ("127.63.1.1", 5004), ("127.63.1.2", 30_000)
    path = tmp_path / "media.pcap"
    path.write_bytes(write_pcap((10**6 * n, udp_datagram(*ends, p)) for n, p in enumerate(wire)))
    command = ["tshark", "-r", str(path), "-d", "udp.port==30000,rtp", "-Y", "rtp.version==2"]
    command += ["-T", "fields", "-e", "rtp.seq", "-e", "rtp.marker", "-e", "rtp.payload"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    rows = [row.split("\t") for row in done.stdout.splitlines()]
    assert [int(row[0]) for row in rows] == [n & 0xFFFF for n in range(65_530, sequence)]
    assert sum(row[1] in ("1", "True") for row in rows) == 50
    carried = b"".join(bytes.fromhex(row[2].replace(":", "")) for row in rows)
    whole = b"".join(packet[12:] for packet in packets)
    assert (carried == whole) is (not suite)
    assert (b"\0\0\1\xba" in carried) is (not suite)
