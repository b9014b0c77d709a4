"""What a viewer's encoder makes of pictures: its rate and its joints."""

import io

import av
import numpy as np

from reference_platform.media.encoding import PersonalEncoder
from reference_platform.media.limits import MediaLimits
from reference_platform.media.personal_stream import PersonalStream
from tests.reference_platform.media.synthetic import picture, read

SIZE = (768, 432)


def noisy(number: int, amount: int) -> av.VideoFrame:
    """A picture of the synthetic camera with noise below the squares, hard to code."""
    planes = picture(7, number, *SIZE)
    draw = np.random.default_rng(number)
    noise = draw.integers(-amount, amount + 1, (392, SIZE[0]))
    planes[40:432] = np.clip(planes[40:432] + noise, 16, 235)
    return av.VideoFrame.from_ndarray(planes, "yuv420p")


def rates(amount: int, most: int, seconds: int) -> list[float]:
    """Bits a second of each second."""
    encoder = PersonalEncoder(*SIZE, None, MediaLimits(most_bits_per_second=most, key_interval_s=1))
    frames = [noisy(number, amount) for number in range(5)]
    sizes = [
        8 * len(encoder.encode(frames[number % 5], number * 9000, 0.0).data)
        for number in range(10 * seconds)
    ]
    return [sum(sizes[at : at + 10]) for at in range(0, len(sizes), 10)]


def test_what_is_hard_to_code_is_held_to_the_rate() -> None:
    seen = rates(60, 1_000_000, 8)
    assert seen[0] > 2_000_000
    assert max(seen[-3:]) < 1_300_000


def test_what_is_easy_takes_no_more_than_it_needs() -> None:
    assert max(rates(0, 5_000_000, 4)) < 1_000_000


def test_a_change_of_quality_is_no_seam_for_decoders() -> None:
    limits = MediaLimits(most_bits_per_second=500_000, key_interval_s=0.4)
    stream = PersonalStream(None, limits)
    content = b"".join(stream.push(noisy(n, 60), n * 3600, 0.0) for n in range(50))
    with av.open(io.BytesIO(content + stream.flush())) as container:
        shown = [read(each.to_ndarray()[:432]) for each in container.decode(video=0)]
    assert shown == [(7, number) for number in range(50)]
