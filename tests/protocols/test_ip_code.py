"""IP codes of IEC 60529: parsed as printed, compared digit by digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.ip_code import compare_markings, parse_marking


@pytest.mark.parametrize(
    ("marking", "codes"),
    [
        ("IP66", ["IP66"]),
        ("ip66", ["IP66"]),
        ("IP 66", ["IP66"]),
        ("ＩＰ６６", ["IP66"]),
        ("IP66/IP67", ["IP66", "IP67"]),
        ("IP66/67", ["IP66", "IP67"]),
        ("IP66 and IP68", ["IP66", "IP68"]),
        ("IP66、IP67", ["IP66", "IP67"]),
        ("IP6X", ["IP6X"]),
        ("IPX6", ["IPX6"]),
        ("IP65M", ["IP65M"]),
        ("IP23CW", ["IP23CW"]),
        ("IP69K", ["IP69K"]),
        ("IP6K9K/IP66", ["IP69K", "IP66"]),
    ],
)
def test_markings_are_read(marking, codes) -> None:
    assert [str(code) for code in parse_marking(marking)] == codes


@pytest.mark.parametrize(
    "marking",
    ["", "IP", "IP6", "IP666", "IP76", "66 IP", "waterproof", "IP66//", "IK10", "I" * 999],
)
def test_what_is_no_code_is_refused(marking) -> None:
    with pytest.raises(ProtocolError):
        parse_marking(marking)
    assert compare_markings(marking, "IP66") == "malformed"


@pytest.mark.parametrize(
    ("marking", "outcome"),
    [
        ("IP66", "met"),
        ("IP66/IP67", "met"),
        ("IP67/IP66", "met"),
        ("IP66/IP68", "met"),
        ("IP66/IP69", "met"),
        ("IP69K/IP66", "met"),
        ("IP67", "jets-unproven"),
        ("IP68", "jets-unproven"),
        ("IP67/IP68", "jets-unproven"),
        ("IP65/IP67", "jets-unproven"),
        ("IP69", "jets-unproven"),
        ("IP69K", "other-standard"),
        ("IP6K6K", "other-standard"),
        ("IP6X", "digit-unstated"),
        ("IPX6", "digit-unstated"),
        ("IP65", "below-limit"),
        ("IP56", "below-limit"),
        ("IP57", "below-limit"),
        ("IP5X", "below-limit"),
        ("IPX5", "below-limit"),
        ("IP54", "below-limit"),
    ],
)
def test_at_least_ip66(marking, outcome) -> None:
    assert compare_markings(marking, "IP66") == outcome


@pytest.mark.parametrize(
    ("marking", "demanded", "outcome"),
    [
        ("IP66", "IP67", "below-limit"),
        ("IP66/IP67", "IP67", "met"),
        ("IP68", "IP67", "met"),
        ("IP69", "IP67", "immersion-unproven"),
        ("IP67", "IP54", "met"),
        ("IP66", "IP54", "met"),
        ("IP66", "IP6X", "met"),
        ("IP66", "IP69", "below-limit"),
        ("IP69", "IP69", "met"),
        ("IP66/IP67", "IP66/IP67", "met"),
        ("IP66", "IP66/IP67", "below-limit"),
    ],
)
def test_other_demands(marking, demanded, outcome) -> None:
    assert compare_markings(marking, demanded) == outcome


@pytest.mark.parametrize("demanded", ["high", "IP69K"])
def test_a_demand_must_be_a_code(demanded) -> None:
    with pytest.raises(ProtocolError):
        compare_markings("IP66", demanded)


@given(st.text(max_size=300))
def test_any_text_is_either_read_or_refused(marking) -> None:
    try:
        assert parse_marking(marking)
    except ProtocolError:
        assert compare_markings(marking, "IP66") == "malformed"
