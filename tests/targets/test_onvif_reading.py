from __future__ import annotations

import pytest
from lxml import etree

from protocols.xml_reading import read_xml
from targets import onvif_reading as reading


def xml(content: str) -> etree._Element:
    return read_xml(f'<a xmlns="urn:any" xmlns:tt="urn:tt">{content}</a>'.encode())


def interface(name: str = "", inner: str = "") -> str:
    return reading.interfaces(
        xml(
            f'<NetworkInterfaces token="t"><Info><Name>{name}</Name><HwAddress>02:00</HwAddress>'
            f"</Info>{inner}</NetworkInterfaces>"
        )
    )[0]["kind"]


@pytest.mark.parametrize(
    ("name", "inner", "kind"),
    [
        ("eth0", "", "ethernet"),
        ("enp3s0", "", "ethernet"),
        ("wlan0", "", "wifi"),
        ("wwan0", "", "4g"),
        ("sfp1", "", "fibre"),
        ("x", "", "unknown"),
        ("", "", "unknown"),
        ("eth0", "<Extension><Dot11/></Extension>", "wifi"),
        ("eth0", "<Link><InterfaceType>71</InterfaceType></Link>", "wifi"),
        ("x", "<Link><InterfaceType>6</InterfaceType></Link>", "ethernet"),
        ("x", "<Extension><InterfaceType>243</InterfaceType></Extension>", "4g"),
        ("x", "<Link><InterfaceType>nonsense</InterfaceType></Link>", "unknown"),
    ],
)
def test_the_kind_of_an_interface(name: str, inner: str, kind: str) -> None:
    assert interface(name, inner) == kind


def test_profiles_of_both_media_services_read_alike() -> None:
    encoder = (
        "<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>1920</tt:Width>"
        "<tt:Height>1080</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>25"
        "</tt:FrameRateLimit><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>"
    )
    first = xml(
        '<Profiles token="p"><Name>n</Name><VideoSourceConfiguration><SourceToken>s</SourceToken>'
        f'</VideoSourceConfiguration><VideoEncoderConfiguration token="v">{encoder}'
        "<H264><GovLength>50</GovLength></H264></VideoEncoderConfiguration>"
        "<AudioEncoderConfiguration><Encoding>G711</Encoding><SampleRate>8</SampleRate>"
        "</AudioEncoderConfiguration></Profiles>"
    )
    second = xml(
        '<Profiles token="p"><Name>n</Name><Configurations><VideoSource><SourceToken>s'
        f'</SourceToken></VideoSource><VideoEncoder token="v" GovLength="50">{encoder}'
        "</VideoEncoder><AudioEncoder><Encoding>G711</Encoding><SampleRate>8</SampleRate>"
        "</AudioEncoder></Configurations></Profiles>"
    )
    assert reading.profiles(first) == reading.profiles(second)
    profile = reading.profiles(first)[0]
    assert profile["video"]["gop"] == 50
    assert profile["audio"] == {"encoding": "G711", "sample_rate": 8000}
    assert profile["video_source"] == "s"


def test_empty_and_absurd_answers_give_empty_facts() -> None:
    empty = xml("")
    assert reading.profiles(empty) == []
    assert reading.profiles(xml("<Profiles/>"))[0]["video"] is None
    absurd = xml("<Encoding/><Resolution><Width>x</Width></Resolution>")
    assert reading.video_encoder(absurd)["width"] is None
    for read in (reading.scopes, reading.interfaces, reading.audio_options, reading.ptz_nodes):
        assert read(None) == read(empty) == []
    assert reading.encoder_options(None) == {}
    assert reading.device(None)["model"] is None
    assert reading.ntp(empty) is None
    assert reading.plain(None) is None
    assert reading.tokens(empty, "x") == []
    assert reading.auxiliary_commands(None) == []
    assert reading.date_and_time(empty)["utc"] is None


def test_lists_are_bounded() -> None:
    assert len(reading.profiles(xml("<Profiles/>" * 2000))) == 256


@pytest.mark.parametrize(
    ("said", "name"),
    [("H264", "H264"), ("video/H265", "H265"), ("HEVC", "H265"), ("jpeg", "JPEG"), ("", "")],
)
def test_names_of_encodings(said: str, name: str) -> None:
    assert reading.encoding_name(said) == name


def test_options_of_both_media_services() -> None:
    sizes = "<ResolutionsAvailable><Width>1920</Width><Height>1080</Height></ResolutionsAvailable>"
    first = xml(
        f"<Options><H264>{sizes}<FrameRateRange><Min>1</Min><Max>25</Max></FrameRateRange></H264>"
        f"<Extension><H265>{sizes}</H265></Extension></Options>"
    )
    assert reading.encoder_options(first) == {
        "H264": {"sizes": [[1920, 1080]], "frame_rate": [1.0, 25.0]},
        "H265": {"sizes": [[1920, 1080]], "frame_rate": [None, None]},
    }
    second = xml(
        f'<Options FrameRatesSupported="30 25 x 1"><Encoding>H265</Encoding>{sizes}</Options>'
    )
    assert reading.encoder_options(second) == {
        "H265": {"sizes": [[1920, 1080]], "frame_rate": [1.0, 30.0]}
    }


def test_elements_as_plain_facts() -> None:
    found = reading.plain(xml("<b>1</b><b>2</b><c><d> x </d></c>"))
    assert found == {"b": ["1", "2"], "c": {"d": "x"}}


def test_time_and_its_source() -> None:
    answer = xml(
        "<SystemDateAndTime><DateTimeType>Manual</DateTimeType><DaylightSavings>true"
        "</DaylightSavings><TimeZone><TZ>CST-8</TZ></TimeZone><UTCDateTime><Time><Hour>1</Hour>"
        "<Minute>2</Minute><Second>3</Second></Time><Date><Year>2026</Year><Month>4</Month>"
        "<Day>5</Day></Date></UTCDateTime></SystemDateAndTime>"
    )
    assert reading.date_and_time(answer) == {
        "utc": {"year": 2026, "month": 4, "day": 5, "hour": 1, "minute": 2, "second": 3},
        "local": None,
        "time_zone": "CST-8",
        "type": "Manual",
        "daylight_saving": True,
    }
    servers = xml(
        "<NTPInformation><FromDHCP>true</FromDHCP><NTPFromDHCP><Type>DNS</Type><DNSname>ntp.x"
        "</DNSname></NTPFromDHCP></NTPInformation>"
    )
    assert reading.ntp(servers) == {"from_dhcp": True, "servers": ["ntp.x"]}
