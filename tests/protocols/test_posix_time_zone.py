import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.posix_time_zone import parse_time_zone

HOUR = 3600


@pytest.mark.parametrize(
    ("text", "east", "meant"),
    [
        ("CST-8", 8, 8),
        ("CST-08:00:00", 8, 8),
        ("<+08>-8", 8, 8),
        ("UTC0", 0, 0),
        ("UTC", 0, 0),
        ("GMT-08:00", 8, 8),
        ("GMT+08:00", -8, 8),
        ("UTC+8", -8, 8),
        ("EST5EDT,M3.2.0,M11.1.0", -5, -5),
        ("ICT-7", 7, 7),
        ("NPT-5:45", 5.75, 5.75),
        ("Asia/Shanghai", 8, 8),
    ],
)
def test_zones(text, east, meant):
    zone = parse_time_zone(text)
    assert (zone.east_s, zone.meant_east_s) == (east * HOUR, meant * HOUR)
    assert zone.daylight == ("," in text)


@pytest.mark.parametrize("text", ["CST-8", "CST-08:00:00", "<+08>-8", "NPT-5:45", "UTC+8"])
def test_the_c_library_reads_the_same(text, monkeypatch):
    monkeypatch.setenv("TZ", text)
    time.tzset()
    try:
        assert -time.timezone == parse_time_zone(text).east_s
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.environ.get("TZ") != text


@pytest.mark.parametrize("text", ["", "8", "CST", "CST-99", "CST-8:0", "中国标准时间", "A-8"])
def test_no_zone(text):
    with pytest.raises(ProtocolError):
        parse_time_zone(text)


@given(st.text(max_size=200))
def test_garbage(text):
    try:
        zone = parse_time_zone(text)
    except ProtocolError:
        return
    assert abs(zone.east_s) <= 24 * HOUR
