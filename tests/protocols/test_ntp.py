import random
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scapy.layers.ntp import NTPHeader

from protocols.errors import ProtocolError
from protocols.ntp import (
    SERVER,
    NtpPacket,
    NtpSample,
    agreement,
    exchange,
    from_posix,
    parse_ntp,
    request,
    to_posix,
)
from protocols.pcap import udp_datagram, write_pcap

NOW = 1_770_000_000.0
STAMPS = st.integers(0, 2**64 - 1)


@given(st.binary(max_size=128))
@example(b"\0" * 48)
@example(b"\xff" * 48)
def test_garbage_is_a_protocol_error_or_a_packet(data):
    try:
        packet = parse_ntp(data)
    except ProtocolError:
        return
    assert parse_ntp(packet.encode()) == packet
    assert packet.encode() == data[:48]


@given(st.binary(min_size=48, max_size=48), STAMPS)
def test_whatever_is_answered_an_exchange_is_bounded_or_refused(data, transmit):
    sent = request(transmit)
    try:
        sample = exchange(sent, parse_ntp(data), NOW, NOW + 0.01)
    except ProtocolError:
        return
    assert sample.delay_s >= 0
    assert sample.error_s >= 0


@given(st.floats(-2_000_000_000, 6_000_000_000))
def test_eras(posix):
    assert to_posix(from_posix(posix), posix + 1e6) == pytest.approx(posix, abs=1e-6)


def test_after_2036_the_era_is_the_nearest():
    after = 2_085_978_500.0  # 7 February 2036, past the roll-over
    assert from_posix(after) < from_posix(NOW)
    assert to_posix(from_posix(after), NOW) == pytest.approx(after)


def answered(sent, left, *, offset=0.0, out=0.01, held=0.001, **changes):
    received = left + out + offset
    fields = {
        "mode": SERVER,
        "stratum": 1,
        "precision": -20,
        "origin": sent.transmit,
        "receive": from_posix(received),
        "transmit": from_posix(received + held),
    }
    return NtpPacket(**{**fields, **changes})


def test_the_true_offset_lies_within_the_error_however_the_delay_is_split():
    draws = random.Random(1)
    for _ in range(2000):
        offset, out, back = draws.uniform(-9, 9), draws.expovariate(50), draws.expovariate(50)
        sent = request(draws.getrandbits(64))
        answer = answered(sent, NOW, offset=offset, out=out, root_dispersion_s=0.0)
        sample = exchange(sent, answer, NOW, NOW + out + 0.001 + back)
        low, high = sample.interval
        assert low - 1e-6 <= offset <= high + 1e-6
        assert sample.error_s == pytest.approx((out + back) / 2, abs=1e-5)


def test_the_servers_own_distance_is_added():
    sent = request(7)
    answer = answered(sent, NOW, root_delay_s=0.04, root_dispersion_s=0.01)
    assert exchange(sent, answer, NOW, NOW + 0.021).error_s == pytest.approx(0.04, abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mode": 3}, "mode"),
        ({"origin": 8}, "another request"),
        ({"stratum": 0, "reference_id": b"RATE"}, "RATE"),
        ({"stratum": 16}, "not synchronised"),
        ({"leap": 3}, "not synchronised"),
        ({"transmit": 0}, "without time"),
        ({"root_dispersion_s": 3.0}, "root distance"),
        ({"transmit": from_posix(NOW - 50)}, "contradictory"),
        ({"transmit": from_posix(NOW + 50)}, "contradictory"),
    ],
)
def test_unfit_answers_are_refused(changes, why):
    sent = request(7)
    with pytest.raises(ProtocolError, match=why):
        exchange(sent, answered(sent, NOW, **changes), NOW, NOW + 0.02)


def sample(offset, error):
    return NtpSample(offset, 2 * error, error, 1)


def test_the_majority_outvotes_a_falseticker():
    interval, agreeing = agreement([sample(0.0, 0.02), sample(0.01, 0.02), sample(5.0, 0.001)])
    assert agreeing == 2
    assert interval == pytest.approx((-0.01, 0.02))


def test_no_two_agree():
    assert agreement([sample(0.0, 0.02), sample(5.0, 0.02)])[1] == 1
    with pytest.raises(ValueError):
        agreement([])


FULL = NtpPacket(
    leap=1,
    mode=SERVER,
    stratum=2,
    poll=6,
    precision=-23,
    root_delay_s=0.03125,
    root_dispersion_s=0.015625,
    reference_id=bytes([127, 15, 0, 1]),
    reference=from_posix(NOW - 10),
    origin=from_posix(NOW),
    receive=from_posix(NOW + 0.25),
    transmit=from_posix(NOW + 0.5),
)


def test_scapy_reads_the_same():
    seen = NTPHeader(FULL.encode())
    assert (seen.leap, seen.version, seen.mode, seen.stratum) == (1, 4, 4, 2)
    assert (seen.poll, seen.precision) == (6, -23)
    assert float(seen.delay) == pytest.approx(0.03125)
    assert float(seen.dispersion) == pytest.approx(0.015625, abs=1e-4)
    assert seen.id == "127.15.0.1"
    assert float(seen.recv) == pytest.approx(NOW + 2_208_988_800 + 0.25)


def test_tshark_reads_the_same(tmp_path):
    datagram = udp_datagram(("127.15.0.1", 123), ("127.15.0.2", 40000), FULL.encode())
    capture = tmp_path / "ntp.pcap"
    capture.write_bytes(write_pcap([(round(NOW * 1e9), datagram)]))
    fields = [
        *("ntp.flags.li", "ntp.flags.vn", "ntp.flags.mode", "ntp.stratum", "ntp.ppoll"),
        *("ntp.precision", "ntp.rootdelay", "ntp.rootdispersion", "ntp.refid", "ntp.xmt"),
    ]
    try:
        read = subprocess.run(
            ["tshark", "-r", capture, "-T", "fields"] + [f"-e{name}" for name in fields],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
        )
    except FileNotFoundError:
        pytest.fail("tshark is missing: install the Debian package tshark")
    values = dict(zip(fields, read.stdout.rstrip("\n").split("\t"), strict=True))
    assert values["ntp.flags.li"] == "1"
    assert (values["ntp.flags.vn"], values["ntp.flags.mode"]) == ("4", "4")
    assert (values["ntp.stratum"], values["ntp.ppoll"]) == ("2", "6")
    assert values["ntp.precision"] in ("-23", "233")
    assert float(values["ntp.rootdelay"]) / 65536 == 0.03125  # tshark shows the raw number
    assert float(values["ntp.rootdispersion"]) / 65536 == 0.015625
    assert values["ntp.refid"].replace(":", "").lower() == "7f0f0001"
    assert "2026" in values["ntp.xmt"]
    assert "02:40:00.5" in values["ntp.xmt"]
