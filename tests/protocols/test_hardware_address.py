import pytest

from protocols.hardware_address import another_device, plain_address


@pytest.mark.parametrize(
    "text", ["4C:11:BF:12:34:AB", "4c11-bf12-34ab", "4c11.bf12.34ab", "4C-11-bf-12-34-ab"]
)
def test_every_way_of_writing_is_one_address(text: str) -> None:
    assert plain_address(text) == "4c11bf1234ab"


@pytest.mark.parametrize("text", ["", None, 7, "4c:11", "zz:zz:zz:zz:zz:zz", "a" * 10_000])
def test_what_is_no_address_is_none(text: object) -> None:
    assert plain_address(text) == ""


def test_silence_on_either_side_concludes_nothing() -> None:
    one, other = "4c:11:bf:12:34:ab", "00:11:22:33:44:55"
    assert another_device([one], [other])
    assert not another_device([one, other], [other])
    assert not another_device([], [other])
    assert not another_device([one], ["?"])
