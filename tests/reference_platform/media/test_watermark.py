"""The mark in coded pictures, read by another's eyes (PP-OCR)."""

import random
from functools import cache

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from probes.text_reading import find_lines
from reference_platform.media.codes import ALPHABET
from reference_platform.media.decoding import PictureDecoder
from reference_platform.media.encoding import PersonalEncoder
from reference_platform.media.limits import MediaLimits
from reference_platform.media.units import AccessUnit
from reference_platform.media.watermark import WatermarkStamp

STAMP = WatermarkStamp("张三丰/zhangsan", "K7M4QXA")
AT = 1_795_744_800.0  # 2026-11-27 10:00:00 in Beijing
LIMITS = MediaLimits()


@cache
def coded(scene: str, width: int, height: int, at: float) -> NDArray[np.uint8]:
    """A marked picture after coding and decoding, BGR."""
    picture = {
        "street": data.astronaut()[:, :, ::-1],
        "bright": np.full((90, 160, 3), 235, np.uint8),
        "dark": np.full((90, 160, 3), 8, np.uint8),
        "busy": cv2.cvtColor(data.grass(), cv2.COLOR_GRAY2BGR),
    }[scene]
    planes = cv2.cvtColor(cv2.resize(picture, (width, height)), cv2.COLOR_BGR2YUV_I420)
    encoder = PersonalEncoder(width, height, STAMP, LIMITS)
    sample = encoder.encode(av.VideoFrame.from_ndarray(planes, "yuv420p"), 0, at)
    decoder = PictureDecoder(LIMITS)
    shown = decoder.decode(AccessUnit("h264", encoder.parameters + sample.data, 0, True, 0.0))
    shown += decoder.drain()
    return shown[0].frame.to_ndarray(format="bgr24")


def words(picture: NDArray[np.uint8]) -> str:
    return " ".join(line.text.replace(" ", "") for line in find_lines(picture))


@pytest.mark.parametrize("scene", ["street", "bright", "dark", "busy"])
def test_who_and_when_are_read_from_any_quarter_that_is_cut_out(scene: str) -> None:
    draw = random.Random(scene)
    picture = coded(scene, 1280, 720, AT)
    left, top = draw.randrange(641), draw.randrange(361)
    read = words(picture[top : top + 360, left : left + 640])
    assert "张三丰/zhangsan" in read
    assert "K7M4QXA" in read
    assert "2026-11-2710:00:00" in read


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (704, 576), (640, 360), (352, 288)])
@pytest.mark.parametrize("name", ["a", "张三丰/zhangsan", "欧阳一二三四五六/" + "w" * 40])
def test_every_window_of_half_the_sides_holds_a_whole_mark(
    size: tuple[int, int], name: str
) -> None:
    """By geometry: the whole lattice over time, without reading a picture."""
    from reference_platform.media import watermark

    width, height = size
    for second in (int(AT), int(AT) + 7, int(AT) + 1234):
        mark = watermark._mark(watermark._words(name, "K7M4QXA", second), width, height)
        places = watermark._places(mark, width, height, second)
        draw = random.Random(second)
        for _ in range(200):
            left, top = draw.randrange(width // 2 + 1), draw.randrange(height // 2 + 1)
            assert any(
                top <= row
                and row + mark.height <= top + height // 2
                and left <= column
                and column + mark.width <= left + width // 2
                for row, column in places
            ), (second, left, top)


def test_it_moves_every_second_and_stands_still_within_one() -> None:
    def marked(at: float) -> NDArray[np.uint8]:
        luma = np.full((360, 640), 128, np.uint8)
        STAMP.apply(luma, at)
        return luma

    assert np.array_equal(marked(AT), marked(AT + 0.9))
    later = marked(AT + 1)
    assert not np.array_equal(marked(AT)[:, 40:-40], later[:, 40:-40])
    rows = [np.flatnonzero(np.any(each != 128, axis=1))[0] for each in (marked(AT), later)]
    assert rows[0] != rows[1]


def test_only_a_part_of_the_picture_is_covered_and_it_stays_visible_beneath() -> None:
    luma = np.full((1080, 1920), 40, np.uint8)
    luma[:, ::2] = 200
    before = luma.copy()
    STAMP.apply(luma, AT)
    changed = luma != before
    assert changed.mean() < 0.12
    beneath = luma[changed & (before == 200)].astype(int).mean()
    assert beneath - luma[changed & (before == 40)].astype(int).mean() > 25


@pytest.mark.parametrize("size", [(48, 64), (50, 66), (64, 200), (16, 16), (2160, 3840)])
def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    luma = np.full(size, 128, np.uint8)
    STAMP.apply(luma, AT)
    assert (luma != 128).any() == (size[0] >= 48 and size[1] >= 64)


def test_the_words_are_those_of_beijing_and_bounded() -> None:
    assert STAMP.text(AT) == "张三丰/zhangsan K7M4QXA 2026-11-27 10:00:00"
    assert WatermarkStamp("x" * 500, "K7M4QXA").text(AT).startswith("x" * 31 + "… K7M4QXA")
    assert "\n" not in WatermarkStamp("a\nb\x00", "K7M4QXA").text(AT)


def test_no_letter_of_a_code_looks_like_another() -> None:
    assert not set(ALPHABET) & set("0OQD1IL2Z5S8B3G6U")
    assert len(set(ALPHABET)) == len(ALPHABET)
