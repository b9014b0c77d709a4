"""Plain, disguised, weak and protected traffic, each told for the right reason."""

from __future__ import annotations

import base64
import gzip
import random
import time
from itertools import cycle

import pylibsrtp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessment.reason import Reason
from assessment.recording import Recording
from probes.wire_privacy import measure_wire_privacy
from protocols.pcap import write_pcap
from protocols.rtcp import SenderReport, build_rtcp
from protocols.rtp_packetise import nal_units, packetise_h264, packetise_h265, rtp_header
from simulators.uplink.media import Unencrypted, interleaved
from tests import wire_bench as bench
from tests.tls_pipe import conversation

GOOD_PICTURE = 28.0  # dB; another scene or a grey picture reaches 10 to 15


def xored(data: bytes, key: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(data, cycle(key), strict=False))


def sound_tls(size: int = 200_000, **options: str) -> list[tuple[int, bytes]]:
    """A TLS connection of the platform to the camera over which the camera sends."""
    there, back = conversation(bench.noise(size), **options)
    pieces = [(0.0, there[0]), *((0.2 + at, data) for at, data in bench.spread(there[1]))]
    answers = [(0.1, back[0]), *((0.2 + at, data) for at, data in bench.spread(back[1]))]
    return bench.tcp(pieces, (bench.PLATFORM, 40_000), (bench.CAMERA, 322), answers)


# Plain media, in every wrapping.


@pytest.mark.parametrize("spec", [bench.H264, bench.H265, bench.MJPEG], ids=lambda s: s.codec)
def test_plain_rtp_is_rebuilt_into_the_picture_that_was_filmed(spec):
    measured = bench.measure(bench.udp(bench.rtp(spec)))
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.plain-media")
    assert bench.likeness(measured, spec) > GOOD_PICTURE


def test_rtp_interleaved_in_rtsp_is_rebuilt():
    text = b"PLAY rtsp://u:secret@h/1 RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic c2VjcmV0\r\n\r\n"
    pieces = [(0.0, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")]
    pieces += [(at, interleaved(0, data)) for at, data in bench.rtp()]
    frames = bench.tcp(pieces, (bench.CAMERA, 554), answers=[(0.0, text)])
    measured = bench.measure(frames)
    assert bench.reason(measured) == "wire-privacy.plain-media"
    assert bench.likeness(measured) > GOOD_PICTURE
    assert bench.flow(measured)["credentials"] is True
    shown = b"".join(part.read() for name, part in measured.evidence.items() if "sign" in name)
    assert b"PLAY rtsp://***@h/1" in shown
    assert b"secret" not in shown
    assert b"c2VjcmV0" not in shown


def test_a_capture_that_begins_in_the_middle_of_an_interleaved_stream():
    stream = b"".join(interleaved(0, data) for _, data in bench.rtp())
    measured = bench.measure(bench.tcp(bench.spread(stream[777:]))[2:])
    assert bench.reason(measured) == "wire-privacy.plain-media"


def test_rtp_framed_by_length_is_rebuilt():
    pieces = [(at, len(data).to_bytes(2, "big") + data) for at, data in bench.rtp()]
    measured = bench.measure(bench.tcp(pieces))
    assert bench.flow(measured)["content"] == "h264 in length-framed rtp"
    assert bench.likeness(measured) > GOOD_PICTURE


def ps_in_rtp() -> list[tuple[float, bytes]]:
    """GB/T 28181: a program stream cut into RTP, one timestamp a pack as near as it matters."""
    data = bench.container("vob")
    found = []
    for number, start in enumerate(range(0, len(data), 1300)):
        header = (
            bytes([0x80, 96]) + number.to_bytes(2, "big") + (number // 5 * 3600).to_bytes(4, "big")
        )
        found.append((number * 0.005, header + b"\0\0\0\7" + data[start : start + 1300]))
    return found


@pytest.mark.parametrize("name", ["mpegts", "flv", "h264"])
def test_bare_streams_over_tcp_are_rebuilt(name):
    measured = bench.measure(bench.tcp(bench.spread(bench.container(name))))
    assert bench.reason(measured) == "wire-privacy.plain-media"
    assert bench.likeness(measured) > GOOD_PICTURE


def test_program_stream_in_rtp_is_rebuilt():
    measured = bench.measure(bench.udp(ps_in_rtp()))
    assert bench.flow(measured)["content"] == "ps in rtp"
    assert bench.likeness(measured) > GOOD_PICTURE


def test_transport_stream_over_udp_is_rebuilt():
    data = bench.container("mpegts")
    pieces = [(at / 1316 * 0.003, data[at : at + 1316]) for at in range(0, len(data), 1316)]
    measured = bench.measure(bench.udp(pieces))
    assert bench.reason(measured) == "wire-privacy.plain-media"


@pytest.mark.parametrize("wrapping", ["length", "chunked", "gzip", "multipart"])
def test_pictures_over_http_are_rebuilt(wrapping):
    picture = bench.snapshot()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
    answer = {
        "length": head + b"Content-Length: %d\r\n\r\n" % len(picture) + picture,
        "chunked": head
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(
            b"%x\r\n%s\r\n" % (len(picture[at : at + 999]), picture[at : at + 999])
            for at in range(0, len(picture), 999)
        )
        + b"0\r\n\r\n",
        "gzip": head + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(picture),
        "multipart": b"HTTP/1.1 200 OK\r\n"
        b"Content-Type: multipart/x-mixed-replace;boundary=b\r\n\r\n"
        + b"".join(
            b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"
            % (len(picture), picture)
            for _ in range(3)
        ),
    }[wrapping]
    request = b"GET /snapshot HTTP/1.1\r\nHost: h\r\n\r\n"
    frames = bench.tcp(
        [(0.0, request)], (bench.PLATFORM, 40_001), (bench.CAMERA, 80), [(0.1, answer)]
    )
    measured = bench.measure(sound_tls() + frames)
    kind = "media" if wrapping == "multipart" else "picture"
    assert bench.reason(measured) == f"wire-privacy.plain-{kind}"
    assert bench.likeness(measured) > GOOD_PICTURE


@pytest.mark.parametrize(
    "text",
    [
        b"REGISTER sip:34020000002000000001@3402000000 SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n",
        b"OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"POST /onvif/device_service HTTP/1.1\r\nHost: h\r\n\r\n"
        b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body/></s:Envelope>",
        b"MESSAGE sip:a@b SIP/2.0\r\nContent-Type: Application/MANSCDP+xml\r\n\r\n<Notify/>",
    ],
    ids=["sip", "rtsp", "onvif", "manscdp"],
)
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_plain_signalling_beside_encrypted_media(text, transport):
    frames = bench.tcp([(0.1, text)]) if transport == "tcp" else bench.udp([(0.1, text)])
    measured = bench.measure(sound_tls() + frames)
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.plain-signalling")


def test_plain_after_encrypted_is_a_fallback():
    late = [(at + 3.0, data) for at, data in bench.rtp()]
    measured = bench.measure(sound_tls() + bench.udp(late))
    assert bench.reason(measured) == "wire-privacy.plain-fallback"


# Disguises.


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_masked_payloads_are_uncovered(size):
    key = random.Random(size).randbytes(size)
    packets = [(at, data[:12] + xored(data[12:], key)) for at, data in bench.rtp()]
    measured = bench.measure(bench.udp(packets))
    assert bench.reason(measured) == "wire-privacy.obfuscated"
    assert bench.flow(measured)["why"]["parameters"]["key_size"] == size
    assert bench.likeness(measured) > GOOD_PICTURE


@pytest.mark.parametrize("size", [1, 4])
def test_masked_datagrams_are_uncovered(size):
    key = random.Random(size).randbytes(size)
    measured = bench.measure(bench.udp((at, xored(data, key)) for at, data in bench.rtp()))
    assert bench.reason(measured) == "wire-privacy.obfuscated"
    assert bench.likeness(measured) > GOOD_PICTURE


@pytest.mark.parametrize("size", [4, 8, 12])
def test_masked_h265_is_uncovered(size):
    key = random.Random(size).randbytes(size)
    packets = [(at, data[:12] + xored(data[12:], key)) for at, data in bench.rtp(bench.H265)]
    measured = bench.measure(bench.udp(packets))
    assert bench.reason(measured) == "wire-privacy.obfuscated"


@pytest.mark.parametrize("size", [1, 7, 16, 32])
def test_masked_jpeg_stream_is_uncovered_by_statistics(size):
    key = random.Random(size).randbytes(size)
    stream = b"".join(unit.data for unit in bench.clip(bench.MJPEG).access_units) * 3
    measured = bench.measure(bench.tcp(bench.spread(xored(stream, key))))
    assert bench.reason(measured) == "wire-privacy.obfuscated"
    assert bench.likeness(measured, bench.MJPEG) > GOOD_PICTURE


@pytest.mark.parametrize("encode", [base64.b64encode, lambda data: data.hex().encode()])
@pytest.mark.parametrize("transport", ["lines", "datagrams", "stream"])
def test_text_encodings_are_no_encryption(encode, transport):
    if transport == "datagrams":
        frames = bench.udp((at, encode(data)) for at, data in bench.rtp())
    elif transport == "lines":
        frames = bench.tcp((at, encode(data) + b"\n") for at, data in bench.rtp())
    else:
        frames = bench.tcp(bench.spread(encode(bench.container("h264"))))
    measured = bench.measure(frames)
    assert bench.reason(measured) == "wire-privacy.encoded"
    assert bench.likeness(measured) > GOOD_PICTURE


def test_base64_of_ciphertext_is_not_called_plain():
    measured = bench.measure(bench.tcp(bench.spread(base64.b64encode(bench.noise(200_000)))))
    assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.unknown-flows")


# SRTP.


def secured(profile: int, key_size: int) -> list[tuple[int, bytes]]:
    policy = pylibsrtp.Policy(
        key=bench.noise(key_size),
        ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=profile,
    )
    session = pylibsrtp.Session(policy)
    media = bench.udp((at, session.protect(data)) for at, data in bench.rtp())
    reports = [
        (at, session.protect_rtcp(build_rtcp(SenderReport(0x5EC0DE01, 0.0, 0, 1, 1, 1), "c")))
        for at in (0.0, 1.0)
    ]
    return media + bench.udp(reports, (bench.CAMERA, 5005), (bench.PLATFORM, 6005))


@pytest.mark.parametrize(
    ("profile", "key_size"),
    [
        (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
        (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 30),
        (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    ],
    ids=["cm-80", "cm-32", "gcm"],
)
def test_srtp_is_encrypted_when_srtcp_proves_it(profile, key_size):
    measured = bench.measure(sound_tls(4000) + secured(profile, key_size))
    assert (measured.value, measured.spoilt) == ("encrypted", None)
    assert bench.flow(measured, "srtp")["judgement"] == "protected"


def test_scrambled_rtp_without_any_sign_of_srtp_cannot_be_told():
    scrambled = [
        (at, data[:12] + bench.noise(len(data) - 12, n)) for n, (at, data) in enumerate(bench.rtp())
    ]
    measured = bench.measure(bench.udp(scrambled))
    assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.unknown-flows")
    assert bench.flow(measured)["why"]["code"].endswith("srtp-unproven")


def test_srtp_with_the_null_cipher_is_plain():
    protection = Unencrypted(3)
    measured = bench.measure(bench.udp((at, protection.rtp(data)) for at, data in bench.rtp()))
    assert bench.reason(measured) == "wire-privacy.null-cipher"
    assert bench.likeness(measured) > GOOD_PICTURE


@pytest.mark.parametrize("spec", [bench.H264, bench.H265], ids=lambda s: s.codec)
def test_encrypted_slices_under_clear_headers_are_never_called_plain(spec):
    """As GB 35114 class C and sample encryption do: headers are clear, pictures are not."""
    packetise = packetise_h264 if spec.codec == "H264" else packetise_h265
    clear = {7, 8} if spec.codec == "H264" else {32, 33, 34}
    packets, number = [], 0
    for at, unit in enumerate(bench.clip(spec).access_units):
        units = []
        for nal in nal_units(unit.data):
            kind = nal[0] & 31 if spec.codec == "H264" else nal[0] >> 1
            hidden = nal if kind in clear else nal[:4] + bench.noise(max(len(nal) - 4, 0), number)
            units.append(hidden)
            number += 1
        for payload in packetise(units):
            header = rtp_header(96, False, len(packets), at * 3600, 5)
            packets.append((at * 0.04, header + payload))
    measured = bench.measure(bench.udp(packets))
    assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.unknown-flows")
    assert not measured.evidence


# TLS.


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_current_tls_is_encrypted(version):
    measured = bench.measure(sound_tls(version=version))
    assert (measured.value, measured.spoilt) == ("encrypted", None)
    assert bench.flow(measured)["version"] == f"TLS {version}"


def test_tls_of_which_the_handshake_was_missed_cannot_be_told():
    measured = bench.measure(sound_tls()[6:])
    assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.unknown-flows")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_outdated_tls_is_weak():
    measured = bench.measure(sound_tls(version="1.0"))
    assert (measured.value, bench.reason(measured)) == ("weak", "wire-privacy.weak-cipher")


@pytest.mark.parametrize(
    ("ciphers", "value"), [("eNULL:@SECLEVEL=0", "weak"), ("aNULL:@SECLEVEL=0", "weak")]
)
def test_weak_suites_are_weak(ciphers, value):
    measured = bench.measure(sound_tls(version="1.2", ciphers=ciphers))
    assert measured.value == value


def test_plain_data_behind_tls_in_the_same_connection_are_found():
    there, back = conversation(bench.noise(90_000))
    plain = b"".join(interleaved(0, data) for _, data in bench.rtp())
    answers = [(0.1, back[0]), (0.5, back[1]), (1.5, plain)]
    frames = bench.tcp(
        [(0.0, there[0]), (0.2, there[1])], (bench.PLATFORM, 1), (bench.CAMERA, 2), answers
    )
    measured = bench.measure(frames)
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.plain-media")


# What is left out, and what spoils.


def test_flows_of_the_harness_are_not_judged():
    own = bench.udp(bench.rtp(), destination=(bench.HARNESS, 1))
    assert bench.measure(sound_tls() + own).value == "encrypted"
    assert bench.reason(bench.measure(own)) == "wire-privacy.nothing-seen"


def test_video_to_an_undeclared_address_forbids_a_pass():
    elsewhere = bench.udp(bench.rtp(), destination=(bench.STRANGER, 1))
    measured = bench.measure(sound_tls() + elsewhere)
    assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.undeclared-peer")


def test_without_a_declared_platform_every_peer_counts():
    elsewhere = bench.udp(bench.rtp(), destination=(bench.STRANGER, 1))
    assert bench.measure(elsewhere, platform=[]).value == "plain"


def test_nothing_seen():
    measured = bench.measure([])
    assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.nothing-seen")


def test_too_little_to_be_video():
    measured = bench.measure(sound_tls(2000))
    assert bench.reason(measured) == "wire-privacy.no-media-seen"


def test_loss_forbids_a_pass_but_not_a_fail():
    assert bench.reason(bench.measure(sound_tls(), dropped=50)) == "wire-privacy.capture-lossy"
    assert bench.measure(bench.udp(bench.rtp()), dropped=50).value == "plain"


def test_a_cut_off_capture_file_forbids_a_pass():
    whole = bench.recording(sound_tls()).read("capture.pcap")
    assert bench.reason(bench.measure(whole[:-7])) == "wire-privacy.capture-damaged"
    assert bench.reason(bench.measure(b"rubbish")) == "wire-privacy.nothing-seen"


@pytest.mark.parametrize("data", [bench.noise(300_000), gzip.compress(bench.noise(300_000))])
def test_high_entropy_is_no_proof(data):
    measured = bench.measure(bench.tcp(bench.spread(data)))
    assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.unknown-flows")


def test_auxiliary_traffic_is_listed_and_not_judged():
    ntp = bench.udp([(0.1, b"\x23" + bytes(47))], destination=(bench.PLATFORM, 123))
    measured = bench.measure(sound_tls() + ntp)
    assert measured.value == "encrypted"
    assert bench.flow(measured, "ntp")["judgement"] == "auxiliary"


def test_a_visit_that_failed_spoils():
    source = bench.recording([])
    failed = Recording(
        "wire",
        "P1",
        source.started,
        source.ended,
        {},
        {},
        Reason("visit.no-permission", {"what": "x"}),
    )
    measured = measure_wire_privacy(failed)
    assert (measured.value, bench.reason(measured)) == (None, "visit.no-permission")


def test_ten_megabytes_are_judged_in_two_seconds():
    many = [
        frame
        for number in range(18)
        for frame in bench.udp(bench.rtp(), (bench.CAMERA, 5000 + number))
    ]
    content = bench.recording(many)
    assert content.parts["capture.pcap"].size > 4_000_000
    began = time.process_time()
    assert measure_wire_privacy(content).value == "plain"
    assert time.process_time() - began < 2.0 * content.parts["capture.pcap"].size / 1e7 + 0.5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=300), max_size=20), st.booleans(), st.integers(0, 65535))
def test_no_bytes_break_the_probe(payloads, stream, port):
    pieces = [(number / 10, data) for number, data in enumerate(payloads)]
    make = bench.tcp if stream else bench.udp
    measured = bench.measure(make(pieces, (bench.CAMERA, port)))
    assert measured.value in (None, "plain")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_frames_break_the_probe(data):
    for link in (0, 1, 101, 113, 276, 147):
        assert bench.measure(write_pcap([(0, data)], link)).value is None


@pytest.fixture(scope="module")
def real_traffic():
    return bench.udp(bench.rtp()[:40]) + sound_tls(3000)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_damage_to_real_traffic_breaks_the_probe(real_traffic, data):
    frames = real_traffic
    damaged = []
    for at, frame in frames:
        place = data.draw(st.integers(0, len(frame) - 1)) if data.draw(st.booleans()) else None
        if place is not None:
            frame = frame[:place] + bytes([frame[place] ^ 0x55]) + frame[place + 1 :]
        damaged.append((at, frame))
    bench.measure(damaged)


def test_the_same_datagram_seen_twice_is_one():
    frames = bench.udp(bench.rtp())
    twice = [copy for at, frame in frames for copy in ((at, frame), (at + 1000, frame))]
    measured = bench.measure(twice)
    assert bench.flow(measured)["packets"][0] == len(frames)
