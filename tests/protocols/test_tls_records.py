"""Hellos of real handshakes, and the strength of suites as OpenSSL tells it."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import tls_records
from protocols.errors import ProtocolError
from protocols.tls_records import (
    ClientHello,
    find_record_chain,
    is_outdated,
    parse_client_hello,
    parse_server_hello,
    read_dtls_handshake,
    read_handshake,
    read_records,
    starts_like_tls,
    version_name,
)
from protocols.tls_suites import is_known_suite, suite_name, suite_weakness
from tests.tls_pipe import conversation


def handshake(version: str) -> tls_records.Handshake:
    there, back = conversation(b"x" * 5000, version=version)
    return read_handshake(list(read_records(b"".join(there))), list(read_records(b"".join(back))))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_what_was_negotiated(version):
    found = handshake(version)
    assert found.client is not None
    assert found.server is not None
    assert version_name(found.server.version) == f"TLS {version}"
    assert is_known_suite(found.server.suite)
    assert suite_weakness(found.server.suite) is None
    assert found.server.suite in found.client.suites
    assert not is_outdated(found.server.version)


def test_the_certificate_is_clear_up_to_tls_1_2():
    (leaf, *_) = handshake("1.2").certificates
    assert "127.16.9.1" in x509.load_der_x509_certificate(leaf).subject.rfc4514_string()
    assert handshake("1.3").certificates == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_outdated_version():
    found = handshake("1.0")
    assert found.server is not None
    assert is_outdated(found.server.version)


def test_suites_are_judged_as_openssl_describes_them():
    program = shutil.which("openssl")
    assert program, "openssl is needed as the independent witness"
    listed = subprocess.run(
        [program, "ciphers", "-V", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout
    checked = 0
    for line in listed.splitlines():
        high, low = re.findall(r"0x([0-9A-F]{2})", line)[:2]
        number = int(high + low, 16)
        expected = None
        if "Enc=None" in line:
            expected = "null"
        elif "Au=None" in line:
            expected = "anonymous"
        assert is_known_suite(number), line
        assert suite_weakness(number) == expected, line
        checked += 1
    assert checked > 100


def test_suites_are_named_as_tshark_names_them():
    program = shutil.which("tshark")
    assert program, "tshark is needed as the independent witness"
    values = subprocess.run(
        [program, "-G", "values"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    named = dict(
        re.findall(r"^V\ttls\.handshake\.ciphersuite\t(\d+|0x[0-9a-f]+)\t(\S+)$", values, re.M)
    )
    known = {int(key, 0): name for key, name in named.items()}
    assert len(known) > 200
    for number, name in known.items():
        weak = suite_weakness(number)
        if "_NULL_" in name and "WITH_NULL_NULL" not in name:
            assert weak == "null", name
        if "EXPORT" in name and number < 0xFE00:
            assert weak == "export", name
        if "_anon_" in name and "EXPORT" not in name and "NULL" not in name:
            assert weak == "anonymous", name
        if "_RC4_" in name and "EXPORT" not in name and "anon" not in name:
            assert weak == "rc4", name
        if suite_name(number).startswith("TLS_"):
            assert suite_name(number) == name


def hello(version: int, suite: int) -> bytes:
    return version.to_bytes(2, "big") + bytes(32) + b"\0" + suite.to_bytes(2, "big") + b"\0"


def test_tlcp_is_recognised():
    body = hello(0x0101, 0xE013)
    record = b"\x16\x01\x01" + (len(body) + 4).to_bytes(2, "big") + b"\x02"
    record += len(body).to_bytes(3, "big") + body
    assert starts_like_tls(record)
    found = read_handshake([], list(read_records(record)))
    assert found.server is not None
    assert version_name(found.server.version) == "TLCP 1.1"
    assert suite_name(found.server.suite) == "ECC_SM4_CBC_SM3"
    assert suite_weakness(found.server.suite) is None


def test_a_chain_of_records_is_found_in_the_middle():
    _, back = conversation(b"x" * 60_000)
    stream = back[1]
    assert find_record_chain(stream[1234:]) > 0
    assert find_record_chain(bytes(50_000)) == -1


def test_records_end_where_they_are_cut_and_complain_where_there_are_none():
    there, _ = conversation(b"x")
    assert list(read_records(there[0][:-1])) == []
    with pytest.raises(ProtocolError, match="no record at byte 0"):
        list(read_records(b"RTSP/1.0 200 OK"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_only_protocol_errors(data):
    for read in (
        lambda: list(read_records(data)),
        lambda: parse_client_hello(data),
        lambda: parse_client_hello(data, datagram=True),
        lambda: parse_server_hello(data),
        lambda: read_dtls_handshake([data]),
        lambda: find_record_chain(data),
        lambda: read_handshake([], [tls_records.TlsRecord(22, 0x0303, data, 0)]),
    ):
        try:
            read()
        except ProtocolError:
            continue


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 300), st.integers(0, 255))
def test_damaged_hellos_raise_only_protocol_errors(place, value):
    body = bytearray(_client_hello())
    body[place % len(body)] = value
    try:
        assert isinstance(parse_client_hello(bytes(body)), ClientHello)
    except ProtocolError:
        return


def _client_hello() -> bytes:
    return _HELLO[9:]


_HELLO = conversation(b"x")[0][0]
