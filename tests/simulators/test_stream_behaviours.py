"""What the behaviours of pace, coding and sound do on the wire, measured from outside."""

import asyncio
import io
import itertools

import av
import numpy as np
import pytest

from protocols import h264, h265
from protocols.depacketise import h264_units, h265_units
from tests.simulators.rtsp_bench import player, serving, small_state, watch


def rates(played):
    """Pictures a second by arrival and by timestamp."""
    pictures = played.pictures()
    count = len(pictures) - 1
    ticks = (pictures[-1][1] - pictures[0][1]) & 0xFFFFFFFF
    return count / (pictures[-1][0] - pictures[0][0]), count * 90_000 / ticks


async def test_the_defects_and_variants_of_pace():
    names = (
        "20fps",
        "24fps",
        "claims-25-sends-15",
        "timestamps-lie",
        "crystal-50ppm-slow",
        "rtp-jitter-30ms",
        "bursts-average-25-with-gaps",
        "night-frame-rate-drop",
    )
    states = [small_state(name, light="night") for name in names]
    played = dict(
        zip(names, await asyncio.gather(*(watch(state, 4.2) for state in states)), strict=True)
    )
    measured = {name: rates(one) for name, one in played.items()}
    expected = {
        "20fps": (20, 20),
        "24fps": (24, 24),
        "claims-25-sends-15": (15, 15),
        "timestamps-lie": (18, 25),
        "crystal-50ppm-slow": (25, 25),
        "rtp-jitter-30ms": (25, 25),
        "night-frame-rate-drop": (12.5, 12.5),
    }
    for name, (arrival, stamped) in expected.items():
        assert measured[name][0] == pytest.approx(arrival, rel=0.02), name
        assert measured[name][1] == pytest.approx(stamped, rel=1e-3), name
    bursts = played["bursts-average-25-with-gaps"].pictures()
    stamps = np.unwrap(np.array([one[1] for one in bursts], float), period=2.0**32) / 90_000
    assert (np.diff(stamps) > 0.5).sum() >= 3
    late = np.array([one[0] for one in played["rtp-jitter-30ms"].pictures()])
    spread = np.diff(late) - 0.04
    assert spread.std() > 0.005


async def test_loss_on_the_path_is_numbered_and_counted():
    state = small_state("packet-loss-on-path")
    state.main.encoding, state.main.width, state.main.height = "JPEG", 640, 360
    state.main.frame_rate = 25
    played = await watch(state, 2.5)
    numbers = np.unwrap([packet.sequence for _, packet in played.packets[0]], period=1 << 16)
    missing = 1 - len(numbers) / (numbers[-1] - numbers[0] + 1)
    assert 0.001 < missing < 0.04
    assert played.reports[0][-1][1].packet_count > len(numbers) * 0.5


async def test_the_size_falls_while_it_streams():
    state = small_state("resolution-falls-under-load")
    played = await watch(state, 5.5)
    sizes = [
        (found.width, found.height)
        for _, _, payloads in played.pictures()
        for unit in h264_units(payloads).units
        if h264.nal_type(unit) == h264.SEQUENCE_PARAMETERS
        for found in [h264.parse_sequence_parameters(unit)]
    ]
    assert sizes[0] == (320, 180)
    assert sizes[-1] == (1280, 720)


async def test_the_light_changes_a_stream_that_runs():
    state = small_state()
    async with serving(state), player(state) as client:
        asyncio.get_running_loop().call_later(1.0, setattr, state, "light", "night")
        played = await client.play("/main", 3.0)
    frames = decode(b"".join(annex_b(payloads) for _, _, payloads in played.pictures()), "h264")
    levels = [frame.mean() for frame in frames]
    assert levels[0] > 110
    assert levels[-1] < 80
    steps = {
        (b[1] - a[1]) & 0xFFFFFFFF
        for a, b in zip(played.pictures(), played.pictures()[1:], strict=False)
    }
    assert steps == {3600}


def annex_b(payloads):
    return h264_units(payloads).annex_b()


def decode(stream, kind):
    with av.open(io.BytesIO(stream), format=kind) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


async def test_what_is_described_as_h264_may_be_h265():
    played = await watch(small_state("sdp-says-h264-stream-is-h265"), 1.0)
    assert played.description.media[0].rtpmap(96).encoding == "H264"
    units = h265_units(played.pictures()[0][2]).units
    assert h265.parse_sequence_parameters(units[1]).width == 320


async def test_h265_that_is_claimed_only():
    state = small_state("h265-claimed-not-streamed")
    state.main.encoding = "H265"
    played = await watch(state, 0.5)
    assert played.description.media[0].rtpmap(96).encoding == "H264"
    assert h264.nal_type(h264_units(played.pictures()[0][2]).units[0]) == 7


async def test_parameter_sets_aggregated_or_in_the_description_only():
    together, apart = await asyncio.gather(
        watch(small_state("sps-every-key"), 0.4),
        watch(small_state("parameter-sets-in-sdp-only"), 0.4),
    )
    assert together.pictures()[0][2][0][0] & 31 == 24
    assert apart.pictures()[0][2][0][0] & 31 in (5, 28)
    assert "sprop-parameter-sets=" in apart.description.media[0].fmtp(96)


async def test_a_stream_without_key_pictures_describes_its_parameters():
    played = await watch(small_state("no-key-picture"), 2.5)
    units = [unit for _, _, payloads in played.pictures() for unit in h264_units(payloads).units]
    assert len(units) > 40
    assert {h264.nal_type(unit) for unit in units} == {1}
    assert "sprop-parameter-sets=" in played.description.media[0].fmtp(96)


async def test_slices_and_b_pictures():
    sliced, reordered = await asyncio.gather(
        watch(small_state("multi-slice"), 0.5), watch(small_state("b-frames"), 1.0)
    )
    units = h264_units(sliced.pictures()[1][2]).units
    assert sum(h264.nal_type(unit) == 1 for unit in units) == 4
    stamps = [one[1] for one in reordered.pictures()]
    assert stamps != sorted(stamps)


async def test_the_sub_stream_shows_the_clock_as_it_runs():
    state = small_state()
    played = await watch(state, 2.0, "/sub")
    frames = decode(b"".join(annex_b(one[2]) for one in played.pictures()), "h264")
    assert len(frames) >= 45
    corner = [frame[:30, :240].astype(int) for frame in frames]
    changes = [np.abs(b - a).mean() for a, b in itertools.pairwise(corner)]
    assert max(changes) > 4 * np.median(changes)
    assert corner[0].max() > 220


@pytest.mark.parametrize(
    ("name", "encoding", "rate", "size", "step"),
    [
        ("g711u", "PCMU", 8000, 320, 320),
        ("g726", "G726-32", 8000, 160, 320),
        ("g722-1", "G7221", 16000, 80, 320),
        ("aac-only", "MPEG4-GENERIC", 16000, None, 1024),
        ("wrong-sample-rate", "PCMA", 8000, 640, 640),
    ],
)
async def test_sound_codings(name, encoding, rate, size, step):
    played = await watch(small_state(name), 0.5)
    media = played.description.media[1]
    described = media.rtpmap(media.payload_types[0])
    assert (described.encoding, described.clock_rate) == (encoding, rate)
    packets = [packet for _, packet in played.packets[1]]
    assert size in (None, len(packets[1].payload))
    assert (packets[2].timestamp - packets[1].timestamp) & 0xFFFFFFFF == step


async def test_no_audio_track_is_described():
    played = await watch(small_state("no-audio-track"), 0.2)
    assert [media.kind for media in played.description.media] == ["video"]
