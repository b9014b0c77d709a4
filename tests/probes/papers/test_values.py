"""Numbers, degrees, days and ids as people write them; nothing doubtful is guessed at."""

import datetime

import pytest

from probes.papers.values import day, degrees, identifier_fault, number


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3.0), (3.5, 3.5), ("3.5", 3.5), ("３．５米", 3.5), ("3.5 m", 3.5), ("-2", -2.0)],
)
def test_a_number_is_read_without_its_unit(value: object, expected: float) -> None:
    assert number(value).value == expected


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("3,5", "decimal-comma"),
        ("108,94", "decimal-comma"),
        ("约四米", "not-a-number"),
        ("3~4", "not-a-number"),
        ("nan", "not-a-number"),
        (True, "not-a-number"),
        ("9" * 400, "not-a-number"),
    ],
)
def test_what_is_no_number_is_named(value: object, fault: str) -> None:
    assert number(value).value is None
    assert number(value).fault == fault


@pytest.mark.parametrize(
    "value",
    [108.94, "108.94", "108.94°", "东经108.94", "E108°56′24″", "108°56'24\"E", "108度56分24秒"],
)
def test_degrees_are_read_in_each_way_of_writing(value: object) -> None:
    assert degrees(value).value == pytest.approx(108.94)


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2026, 3, 1, 8),
        datetime.date(2026, 3, 1),
        *("2026-03-01", "2026/3/1", "2026年3月1日", "20260301", "2026.3.1", "2026-03-01 08:00"),
    ],
)
def test_a_day_is_read_when_it_is_sure(value: object) -> None:
    assert day(value) == datetime.date(2026, 3, 1)


@pytest.mark.parametrize("value", ["03/04/26", "3月1日", "2026-13-01", 46082, "", None])
def test_a_day_that_is_not_sure_is_none(value: object) -> None:
    assert day(value) is None


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("61010200001320000001", ""),
        (6.101020000132e19, "id-became-number"),
        (61010200001320000000, "id-became-number"),
        ("6.10102E+19", "id-became-number"),
        (17, "bad-id"),
        ("A-17", "bad-id"),
    ],
)
def test_an_id_that_became_a_number_is_seen(value: object, fault: str) -> None:
    assert identifier_fault(value) == fault
