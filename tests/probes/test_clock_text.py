import calendar

import pytest

from probes.clock_text import read_clock_text

NOON = calendar.timegm((2026, 2, 13, 12, 0, 0))
SHOWN = calendar.timegm((2026, 2, 13, 10, 40, 5))


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-13 10:40:05",
        "2026-02-1310:40:05",
        "2026/02/13 10:40:05",
        "2026.02.13 10:40:05",
        "2026年02月13日 星期五 10:40:05",
        "2026年2月13日10:40:05",
        "2026年02月13日星期五10：40：05",
        "2026-02-13 星期五 10:40:05",
        "2026-02-13 Fri 10:40:05",
        "02-13-2026 10:40:05",
        "02-13-2026 Fri 10:40:05",
        "13/02/2026 10:40:05",
        "10:40:05 2026-02-13",
        "2026-02-13 10:40:05 AM",
        "Camera 01 2026-02-13 10:40:05",
        "2026-02-13 10时40分05秒",
    ],
)
def test_layouts(text):
    assert read_clock_text(text, NOON) == SHOWN


def test_afternoon():
    assert read_clock_text("2026-02-13 10:40:05 PM", NOON) == SHOWN + 12 * 3600
    assert read_clock_text("2026-02-13 12:40:05 AM", NOON) == SHOWN - 10 * 3600


def test_month_and_day_by_what_is_near():
    may = calendar.timegm((2026, 5, 4, 0, 0, 0))
    april = calendar.timegm((2026, 4, 5, 0, 0, 0))
    assert read_clock_text("05/04/2026 00:00:00", may) == may
    assert read_clock_text("05/04/2026 00:00:00", april) == april


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10:40:05",
        "2026-02-13",
        "2026-02-30 10:40:05",
        "2026-02-13 25:40:05",
        "2026-02-13 10:61:05",
        "Camera 01",
        "2026-13-45 10:40:05",
        "1" * 5000,
        "20" * 3000 + ":" * 3000,
    ],
)
def test_no_clock(text):
    assert read_clock_text(text, NOON) is None
