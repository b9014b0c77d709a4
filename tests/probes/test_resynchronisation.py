"""Corrections seen on the wire and in sender reports, and what may be predicted from them."""

from datetime import UTC, datetime

import pytest

from assessment.reason import Reason
from assessment.recording import Part, Recording
from probes.clock_drift import measure_worst_clock_error
from probes.clock_offset import measure_clock_offset
from probes.resynchronisation import allowing_for_jumps, requests_seen, wall_clock_jumps
from protocols.ntp import SERVER, NtpPacket, request
from protocols.pcap import udp_datagram, write_pcap
from protocols.rtcp import SenderReport, build_rtcp, ntp_timestamp

NOW = datetime(2026, 5, 1, tzinfo=UTC)
START = NOW.timestamp()
CAMERA, UPSTREAM = "10.0.0.7", "10.0.0.1"
RATE = 90_000


def wire(*moments, answered=True):
    frames = []
    for number, moment in enumerate(moments, start=1):
        ask = request(number).encode()
        frames.append((moment, udp_datagram((CAMERA, 4000), (UPSTREAM, 123), ask)))
        if answered:
            answer = NtpPacket(mode=SERVER, stratum=1, origin=number, receive=1, transmit=1)
            back = udp_datagram((UPSTREAM, 123), (CAMERA, 4000), answer.encode())
            frames.append((moment + 0.001, back))
    capture = write_pcap([(round((START + at) * 1e9), data) for at, data in frames])
    parts = {"capture.pcap": Part.of(capture, "application/vnd.tcpdump.pcap")}
    return Recording("wire", "p", NOW, NOW, {"camera": CAMERA}, parts)


def stream(errors, *, every=2.0, media_rate=1.0, late=(), kind="stream:day"):
    """Sender reports of a camera whose clock is wrong by ``errors``, one for each report."""
    frames = []
    for number, error in enumerate(errors):
        moment = number * every
        stamp = ntp_timestamp(START + moment + error)
        media = round(moment * RATE * media_rate) % 2**32
        packet = build_rtcp(SenderReport(1, 0.0, stamp, media, 0, 0))
        datagram = udp_datagram((CAMERA, 5001), ("10.0.0.2", 6001), packet)
        arrival = START + moment + (0.4 if number in late else 0.002)
        frames.append((round(arrival * 1e9), datagram))
    track = {"media": "video", "rtp_port": 5000, "rtcp_port": 5001, "clock_rate": RATE}
    parts = {"packets.pcap": Part.of(write_pcap(frames), "application/vnd.tcpdump.pcap")}
    facts = {"tracks": [track], "round_trip_s": 0.004}
    return Recording(kind, "p", NOW, NOW, facts, parts)


def clock(error=0.0):
    """Whole-second answers that pin the offset to some milliseconds."""
    polls = []
    for number in range(6):
        edge = START + 30 + number - error + (0.004 if number % 2 else -0.004)
        told = datetime.fromtimestamp(int((edge + error) // 1), UTC)
        names = ("year", "month", "day", "hour", "minute", "second")
        stamps = {"sent": edge - 0.001, "received": edge + 0.001}
        mono = {f"{name}_mono": value for name, value in stamps.items()}
        fields = {name: getattr(told, name) for name in names}
        polls.append({"path": "onvif", "utc": fields} | stamps | mono)
    reference = {"error_s": 0.0, "source": "test"}
    return Recording("clock", "p", NOW, NOW, {"polls": polls, "reference": reference})


def worst(*recordings):
    asked = clock()
    offset = measure_clock_offset(asked, second_convention="truncated")
    streams = [one for one in recordings if one.kind.startswith("stream:")]
    return measure_worst_clock_error(
        [asked, *recordings],
        second_convention="truncated",
        offset=allowing_for_jumps(offset, streams),
    )


FOLLOWS = [0.0, 0.0, -0.1, -0.1, 0.0, 0.0]


def test_requests_are_read_from_the_capture():
    (first, second) = requests_seen(wire(1.0, 5.0))
    assert first == {
        "at": pytest.approx(START + 1.001),
        "what": "ntp-request",
        "from": CAMERA,
        "to": UPSTREAM,
    }
    assert second["at"] - first["at"] == pytest.approx(4.0)


def test_jumps_are_measured_whatever_the_delay():
    for late in ((), (1, 4)):
        jumps = wall_clock_jumps(stream(FOLLOWS, late=late))
        assert [round(jump.by, 3) for jump in jumps] == [-0.1, 0.1]


@pytest.mark.parametrize(
    ("recording", "what"),
    [
        (stream([0.0] * 6), "a steady clock"),
        (stream([0.0] * 6, late=(2, 4)), "a path that delays"),
        (stream([0.0, 0.03, 0.0, 0.04, 0.0]), "stamps that are a picture apart"),
        (stream([0.0] * 6, media_rate=0.6), "a media clock that lies"),
        (stream([0.0]), "one report"),
        (stream([]), "no report"),
        (Recording("stream:day", "p", NOW, NOW, {}, {}, Reason("visit.refused")), "no stream"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_correction(recording, what):
    assert wall_clock_jumps(recording) == [], what


def test_a_damaged_capture_gives_what_can_be_read():
    whole = wire(1.0, 5.0)
    cut = whole.read("capture.pcap")[:-5]
    parts = {"capture.pcap": Part.of(cut, "application/vnd.tcpdump.pcap")}
    assert len(requests_seen(Recording("wire", "p", NOW, NOW, whole.facts, parts))) == 1
    assert requests_seen(Recording("wire", "p", NOW, NOW, whole.facts, {})) == []


def test_a_clock_seen_following_is_predicted():
    measured = worst(wire(1.0, 5.0, 9.0), stream(FOLLOWS))
    assert measured.details["mode"] == "predicted"
    assert measured.details["resync_seen"]
    assert 0.1 < measured.upper < 0.2


@pytest.mark.parametrize(
    "recordings",
    [
        (),
        (wire(1.0, 5.0, 9.0),),
        (wire(1.0, 5.0, 9.0), stream([0.0] * 6)),
        (wire(1.0), stream(FOLLOWS)),
        (wire(1.0, 5.0, 9.0, answered=False), stream(FOLLOWS)),
        (wire(1.0, 5.0, 9.0), stream([0.0, 0.0, 0.5, 0.5])),
    ],
    ids=["nothing seen", "asks only", "asks, not set", "asks once", "never answered", "set once"],
)
def test_too_little_seen_leaves_the_clock_running_on(recordings):
    measured = worst(*recordings)
    assert not measured.details["resync_seen"]
    assert measured.upper > 1


def test_an_offset_is_as_wide_as_the_clock_jumps():
    offset = measure_clock_offset(clock(), second_convention="truncated")
    widened = allowing_for_jumps(offset, [stream([0.0] * 6), stream(FOLLOWS)])
    assert widened.lower == pytest.approx(offset.lower - 0.1, abs=1e-3)
    assert widened.upper == pytest.approx(offset.upper + 0.1, abs=1e-3)
    assert allowing_for_jumps(offset, [stream([0.0] * 6)]) == offset
