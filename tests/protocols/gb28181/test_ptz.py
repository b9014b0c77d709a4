"""PTZCmd: the vectors of the fact sheet and of the standard, checks, contradictions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.gb28181 import ptz
from protocols.gb28181.ptz import PtzCommand, parse_ptz

SPEED = 0x32
VECTORS = {
    "A50F0100000000B5": (ptz.stop(), ("stop",)),
    "A50F0108003200EF": (ptz.move(tilt=SPEED), ("up",)),
    "A50F0104003200EB": (ptz.move(tilt=-SPEED), ("down",)),
    "A50F0102320000E9": (ptz.move(pan=-SPEED), ("left",)),
    "A50F0101320000E8": (ptz.move(pan=SPEED), ("right",)),
    "A50F010932320022": (ptz.move(pan=SPEED, tilt=SPEED), ("up", "right")),
    "A50F0110000030F5": (ptz.move(zoom=3), ("zoom-in",)),
    "A50F012000003005": (ptz.move(zoom=-3), ("zoom-out",)),
    "A50F014220000017": (ptz.lens(focus=0x20), ("focus-near",)),
    "A50F014120000016": (ptz.lens(focus=-0x20), ("focus-far",)),
    "A50F014400200019": (ptz.lens(iris=0x20), ("iris-larger",)),
    "A50F01480020001D": (ptz.lens(iris=-0x20), ("iris-smaller",)),
    "A50F0140000000F5": (ptz.lens(), ("lens-stop",)),
    "A50F018100010037": (ptz.preset("set", 1), ("preset-set",)),
    "A50F018200010038": (ptz.preset("call", 1), ("preset-call",)),
    "A50F018300010039": (ptz.preset("delete", 1), ("preset-delete",)),
    "A50F01840102003C": (ptz.cruise_point("add", 1, 2), ("cruise-add",)),
    "A50F01850102003D": (ptz.cruise_point("delete", 1, 2), ("cruise-delete",)),
    "A50F0186016400A0": (ptz.cruise_speed(1, 100), ("cruise-speed",)),
    "A50F0187012C1079": (ptz.cruise_dwell(1, 300), ("cruise-dwell",)),
    "A50F01880100003E": (ptz.cruise_start(1), ("cruise-start",)),
    "A50F01890100003F": (ptz.scan("start", 1), ("scan-start",)),
    "A50F018901010040": (ptz.scan("left", 1), ("scan-left",)),
    "A50F018901020041": (ptz.scan("right", 1), ("scan-right",)),
    "A50F018A01320072": (ptz.scan_speed(1, 50), ("scan-speed",)),
    "A50F018C01000042": (ptz.auxiliary(1, True), ("auxiliary-on",)),
    "A50F018D01000043": (ptz.auxiliary(1, False), ("auxiliary-off",)),
    "A50F4D1000001021": (ptz.move(zoom=1, address=0x4D), ("zoom-in",)),
}


@pytest.mark.parametrize("text", VECTORS)
def test_a_vector_is_built_and_read(text):
    command, actions = VECTORS[text]
    assert command.to_hex() == text
    parsed = parse_ptz(text)
    assert parsed == command
    assert parsed.actions == actions
    assert parsed.checksum_correct
    assert parsed.deviations == ()
    assert actions[0] in parsed.describe()


def test_numbers_of_a_cruise_are_read():
    parsed = parse_ptz("A50F0187012C1079")
    assert (parsed.group, parsed.value) == (1, 300)
    assert parse_ptz("a50f0110000030f5").zoom_speed == 3
    assert parse_ptz("A50F018100010037").number == 1


@pytest.mark.parametrize(
    ("text", "code", "correct"),
    [
        ("A50F0108003200F0", "ptz-checksum", False),
        ("A40F0108003200EE", "ptz-first-byte", False),
        ("A50E0108003200EE", "ptz-check-nibble", False),
        ("A51001080032" + "00F0", "ptz-version", True),
        ("A50F010C003200F3", "ptz-contradiction", True),
        ("A50F018100000036", "ptz-preset-zero", True),
        ("A50F01C0000000" + "75", "ptz-undefined", True),
    ],
)
def test_what_is_wrong_is_told(text, code, correct):
    parsed = parse_ptz(text)
    assert code in [one.code for one in parsed.deviations]
    assert parsed.checksum_correct is correct


@pytest.mark.parametrize("text", ["", "A50F0108003200E", "A50F0108003200EG", "１" * 16])
def test_what_is_no_command_is_refused(text):
    with pytest.raises(ProtocolError):
        parse_ptz(text)


def test_a_speed_beyond_its_bits_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError):
        ptz.move(zoom=16).to_hex()


@given(*(st.integers(0, 255),) * 3, st.integers(0, 15), st.integers(0, 4095), st.integers(0, 15))
def test_every_command_comes_back(code, data_1, data_2, data_3, address, version):
    command = PtzCommand(code, data_1, data_2, data_3, address, version)
    parsed = parse_ptz(command.to_hex())
    assert parsed == command
    assert parsed.checksum_correct
    assert parsed.describe()


@given(st.text(alphabet="0123456789ABCDEFabcdef", min_size=16, max_size=16))
def test_any_sixteen_digits_are_read(text):
    parsed = parse_ptz(text)
    assert parsed.checksum_correct == (parsed.to_hex() == text.upper())
