"""Functions of the sensor as answers tell them, and the zoom drive's little way."""

from __future__ import annotations

from typing import Any, cast

import pytest
from lxml import etree

from protocols.xml_reading import read_xml
from targets.onvif_client import OnvifClient
from targets.onvif_imaging import FUNCTIONS
from targets.onvif_zoom import ZoomDrive

WIDE = FUNCTIONS["wide-dynamic"][0]
TONE = FUNCTIONS["highlight"][0]


def answer(content: str) -> etree._Element:
    return read_xml(f"<R>{content}</R>".encode())


def nested(content: str) -> str:
    return f"<Extension><Extension><Extension>{content}</Extension></Extension></Extension>"


def test_modes_and_settings_are_read_where_the_schema_has_them() -> None:
    modes = "<Mode>OFF</Mode><Mode> On </Mode>"
    options = answer(
        f"<ImagingOptions><WideDynamicRange>{modes}</WideDynamicRange>"
        f"{nested(f'<ToneCompensationOptions>{modes}</ToneCompensationOptions>')}"
        "</ImagingOptions>"
    )
    assert WIDE.modes(options) == TONE.modes(options) == ["OFF", "ON"]
    settings = answer(
        "<ImagingSettings><WideDynamicRange><Mode>on</Mode><Level>0.5</Level></WideDynamicRange>"
        f"{nested('<ToneCompensation><Mode>AUTO</Mode></ToneCompensation>')}</ImagingSettings>"
    )
    assert WIDE.setting(settings) == {"mode": "ON", "level": 0.5}
    assert TONE.setting(settings) == {"mode": "AUTO", "level": None}


@pytest.mark.parametrize(
    "content", ["", "<ImagingSettings/>", "<ImagingOptions><Mode/></ImagingOptions>"]
)
def test_what_is_not_told_is_nothing(content: str) -> None:
    assert WIDE.modes(answer(content)) == []
    assert WIDE.setting(answer(content)) == {"mode": None, "level": None}
    assert WIDE.modes(None) == []


def test_a_level_that_is_no_number_is_not_sent_back() -> None:
    settings = "<WideDynamicRange><Mode>ON</Mode><Level>much</Level></WideDynamicRange>"
    told = WIDE.setting(answer(f"<ImagingSettings>{settings}</ImagingSettings>"))
    assert told["level"] is None
    assert WIDE.request("ON", told["level"]) == {"WideDynamicRange": {"Mode": "ON"}}
    assert WIDE.request("ON", 0.0) == {"WideDynamicRange": {"Mode": "ON", "Level": 0.0}}


def test_an_extension_is_built_as_deep_as_the_schema_has_it() -> None:
    request: Any = TONE.request("OFF", 0.25)
    for _ in range(3):
        request = request["Extension"]
    (element,) = request["_value_1"]
    assert etree.QName(element).localname == "ToneCompensation"
    assert [child.text for child in element] == ["OFF", "0.25"]


@pytest.mark.parametrize(
    ("low", "high", "position", "expected"),
    [
        (0.0, 1.0, 0.0, 0.1),
        (0.0, 1.0, 1.0, 0.9),
        (1.0, 31.0, 4.0, 7.0),
        (None, None, 0.5, None),
        (0.0, 1.0, None, None),
    ],
)
def test_the_little_way(
    low: float | None, high: float | None, position: float | None, expected: float | None
) -> None:
    drive = ZoomDrive(cast(OnvifClient, None), "profile", low, high, 1.0)
    found = drive.aside(position, 0.1)
    assert found == (None if expected is None else pytest.approx(expected))
