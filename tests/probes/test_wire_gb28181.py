"""GB/T 28181 on the wire: whatever a device makes of its program stream, clear is found clear."""

from __future__ import annotations

import random

import pylibsrtp
import pytest

from protocols.depacketise import START_CODE
from protocols.mpeg_ps.build import NO_FLAWS, Flaws
from protocols.rtcp import SenderReport, build_rtcp
from protocols.rtp_packetise import nal_units
from protocols.rtp_stream import frame
from simulators.uplink.gb28181_words import STREAM, Speaker
from simulators.uplink.tunnel import Tunnel
from tests import wire_bench as bench
from tests.protocols.mpeg_ps.material import name

SSRC = int(STREAM)
SPEAKER = Speaker(bench.CAMERA, bench.PLATFORM, "UDP")


@pytest.mark.parametrize("spec", [bench.H264, bench.H265], ids=["h264", "h265"])
@pytest.mark.parametrize(
    "flaws",
    [
        NO_FLAWS,
        Flaws(map=False),
        Flaws(video_type=0x10),
        Flaws(video_type=0x24),
        Flaws(video_type=0x1B),
        Flaws(map_length_error=3),
        Flaws(map_checksum=False),
        Flaws(pes_length_zero=True),
        Flaws(pes_length_error=9),
        Flaws(one_pes_a_unit=True),
        Flaws(map=False, system=False),
    ],
    ids=name,
)
def test_a_flawed_program_stream_is_rebuilt_all_the_same(spec, flaws):
    measured = bench.measure(bench.udp(bench.program_stream(spec, flaws)))
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.plain-media")
    assert bench.flow(measured)["content"] == "ps in rtp"
    assert bench.likeness(measured, spec) > 28


def framed(packet: bytes) -> bytes:
    return b"$\0" + len(packet).to_bytes(2, "big") + packet


@pytest.mark.parametrize(
    ("wrap", "before", "form"),
    [
        (frame, b"", "length-framed rtp"),
        (framed, b"", "interleaved rtp"),
        (frame, bytes(range(256)), "length-framed rtp"),
        # Here four false packets stand in a row.
        (frame, bench.noise(256, 3000), "length-framed rtp"),
    ],
    ids=["rfc4571", "interleaved", "private-header", "misleading-header"],
)
def test_every_framing_over_tcp_is_rebuilt(wrap, before, form):
    pieces = [(at, wrap(packet)) for at, packet in bench.program_stream()]
    measured = bench.measure(bench.tcp([(0.0, before), *pieces] if before else pieces))
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.plain-media")
    assert bench.flow(measured)["content"] == f"ps in {form}"
    assert bench.likeness(measured) > 28


@pytest.mark.parametrize("tag", [4, 10])
def test_a_tag_at_the_end_of_packets_is_no_encryption(tag):
    measured = bench.measure(bench.udp(bench.program_stream(tag=tag)))
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.null-cipher")
    assert bench.likeness(measured) > 28


@pytest.mark.parametrize("spec", [bench.H264, bench.H265], ids=["h264", "h265"])
@pytest.mark.parametrize("seed", range(4))
def test_encrypted_slices_in_a_program_stream_are_never_called_plain(spec, seed):
    """As level C of GB 35114 does: the program stream and all headers are clear."""
    clear = {7, 8} if spec.codec == "H264" else {32, 33, 34}
    numbers = random.Random(seed)

    def hide(picture: bytes) -> bytes:
        units = []
        for unit in nal_units(picture):
            kind = unit[0] & 31 if spec.codec == "H264" else unit[0] >> 1
            noise = numbers.randbytes(max(len(unit) - 4, 0)).replace(b"\0\0", b"\0\7")
            units.append(unit if kind in clear else unit[:4] + noise)
        return b"".join(START_CODE + unit for unit in units)

    for flaws in (NO_FLAWS, Flaws(video_type=0x10)):
        measured = bench.measure(bench.udp(bench.program_stream(spec, flaws, change=hide)))
        assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.unknown-flows")
        assert not measured.evidence


def test_signalling_in_clear_is_shown_without_its_secrets():
    said = [
        (0.1, SPEAKER.register()),
        (0.2, SPEAKER.register("s3cret-word")),
        (0.3, SPEAKER.keepalive(1)),
        (0.4, SPEAKER.catalog()),
        (0.5, SPEAKER.invited("udp", 15_060, "1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0a2V5")),
    ]
    measured = bench.measure(bench.udp(said, (bench.CAMERA, 5060), (bench.PLATFORM, 5060)))
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.plain-signalling")
    assert bench.flow(measured)["credentials"]
    text = next(part for key, part in measured.evidence.items() if key.endswith(".txt"))
    shown = text.read().decode()
    assert "REGISTER sip:" in shown
    assert "<CmdType>Keepalive" in shown
    for secret in ("s3cret-word", "response=", "c2VjcmV0a2V5", "nonce="):
        assert secret not in shown


def srtp(start: float) -> list[tuple[int, bytes]]:
    """The stream protected, with its SRTCP beside it."""
    policy = pylibsrtp.Policy(
        key=bench.noise(30),
        ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    )
    session = pylibsrtp.Session(policy)
    media = [(at, session.protect(packet)) for at, packet in bench.program_stream(start=start)]
    report = build_rtcp(SenderReport(SSRC, 0.0, 1, 2, 3, 4), cname="camera")
    control = [(start + 0.5 + at, session.protect_rtcp(report)) for at in (0, 1)]
    there = (bench.PLATFORM, 30_001)
    return bench.udp(media) + bench.udp(control, (bench.CAMERA, 5005), there)


def test_the_stream_is_encrypted_when_srtcp_proves_it():
    measured = bench.measure(srtp(0.0))
    assert (measured.value, measured.spoilt) == ("encrypted", None)


def test_the_same_source_in_clear_after_a_reconnect_is_a_fallback():
    """GB/T 28181 gives the next stream the same source: it is not the SRTP of before."""
    plain = bench.udp(
        bench.program_stream(start=3.0), (bench.CAMERA, 5014), (bench.PLATFORM, 30_010)
    )
    measured = bench.measure(srtp(0.0) + plain)
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.plain-fallback")


def test_a_tunnel_whose_vectors_only_count_is_encrypted():
    """As Linux's IPsec sends them: the first 8 bytes of the content are no ciphertext."""
    tunnel = Tunnel(bench.CAMERA, bench.PLATFORM, 1)
    ends = (bench.CAMERA, 4500), (bench.PLATFORM, 4500)
    frames = []
    for from_camera, message in tunnel.opening():
        frames += bench.udp([(0.0, message)], *(ends if from_camera else ends[::-1]))
    sealed = [
        (0.1 + at, tunnel.seal(True, (15_060, 30_000), p)) for at, p in bench.program_stream()
    ]
    measured = bench.measure(frames + bench.udp(sealed, *ends))
    assert (measured.value, measured.spoilt) == ("encrypted", None)
    assert bench.flow(measured)["class"] == "esp"
