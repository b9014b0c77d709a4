"""Media 1 and 2, judged by onvif-zeep and, for version 2, by zeep with the project's own WSDL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import onvif
import pytest
import zeep
from lxml import etree
from zeep.wsse.username import UsernameToken

from tests.simulators.onvif_bench import call, found, served, with_zeep

MEDIA2 = Path(__file__).parents[2] / "targets" / "wsdl" / "media2.wsdl"
MEDIA1_PATH = "/onvif/media_service"
MEDIA2_PATH = "/onvif/media2_service"


async def test_zeep_reads_the_profiles() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            media = camera.create_media_service()
            main, sub, third = media.GetProfiles()
            encoder = main.VideoEncoderConfiguration
            assert (encoder.Encoding, encoder.Resolution.Width) == ("H264", 1920)
            assert encoder.RateControl.FrameRateLimit == 25
            assert sub.VideoEncoderConfiguration.Resolution.Height == 360
            assert third.VideoEncoderConfiguration.Encoding == "JPEG"
            assert main.AudioEncoderConfiguration.Encoding == "G711"
            assert main.PTZConfiguration.NodeToken == "ptz_node"
            again = media.GetProfile({"ProfileToken": sub.token})
            assert again.token == sub.token
            with pytest.raises(onvif.ONVIFError, match="no such profile"):
                media.GetProfile({"ProfileToken": "nowhere"})

        await with_zeep(server, use)


async def test_zeep_reads_sources_and_options() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            media = camera.create_media_service()
            (source,) = media.GetVideoSources()
            assert (source.token, source.Resolution.Width) == ("source", 1920)
            (configuration,) = media.GetVideoSourceConfigurations()
            assert configuration.Bounds.height == 1080
            assert len(media.GetVideoEncoderConfigurations()) == 3
            options = media.GetVideoEncoderConfigurationOptions({"ConfigurationToken": "main"})
            sizes = [(one.Width, one.Height) for one in options.H264.ResolutionsAvailable]
            assert sizes == [(1920, 1080), (1280, 720), (640, 360)]
            assert options.H264.FrameRateRange.Max == 30
            assert options.JPEG.FrameRateRange.Min == 1
            assert media.GetAudioSources()[0].Channels == 1
            assert media.GetAudioEncoderConfigurations()[0].SampleRate == 8
            audio = media.GetAudioEncoderConfigurationOptions()
            assert audio.Options[0].Encoding == "G711"
            assert audio.Options[0].SampleRateList.Items == [8]
            assert media.GetServiceCapabilities().SnapshotUri is True

        await with_zeep(server, use)


async def test_zeep_gets_uris() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> dict[str, str]:
            media = camera.create_media_service()
            uris = {}
            for protocol in ("UDP", "RTSP", "HTTP"):
                setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": protocol}}
                uris[protocol] = media.GetStreamUri(
                    {"StreamSetup": setup, "ProfileToken": "profile_main"}
                ).Uri
            uris["snapshot"] = media.GetSnapshotUri({"ProfileToken": "profile_main"}).Uri
            return uris

        address, port = server.state.address, server.state.ports["http"]
        assert await with_zeep(server, use) == {
            "UDP": f"rtsp://{address}:554/main",
            "RTSP": f"rtsp://{address}:554/main",
            "HTTP": f"http://{address}:{port}/main",
            "snapshot": f"http://{address}:{port}/snapshot.jpg",
        }


async def test_zeep_sets_an_encoder() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            media = camera.create_media_service()
            encoder = media.GetVideoEncoderConfigurations()[0]
            encoder.Encoding = "JPEG"
            encoder.H264 = None
            encoder.Resolution.Width, encoder.Resolution.Height = 1280, 720
            encoder.RateControl.FrameRateLimit = 20
            media.SetVideoEncoderConfiguration({"Configuration": encoder, "ForcePersistence": True})
            encoder.Resolution.Width = 1281
            with pytest.raises(onvif.ONVIFError, match="not among the options"):
                media.SetVideoEncoderConfiguration(
                    {"Configuration": encoder, "ForcePersistence": True}
                )

        await with_zeep(server, use)
        main = server.state.main
        assert (main.encoding, main.width, main.height, main.frame_rate) == ("JPEG", 1280, 720, 20)
        assert main.gop == 50


async def test_version_1_keeps_silent_about_h265() -> None:
    async with served(audio_encoding="G7221") as server:
        server.state.main.encoding = "H265"
        profiles = await call(server, "<trt:GetProfiles/>", MEDIA1_PATH)
        main = found(profiles, "trt:Profiles[@token='profile_main']")[0]
        assert not found(main, "tt:VideoEncoderConfiguration")
        assert not found(main, "tt:AudioEncoderConfiguration")
        encoders = await call(server, "<trt:GetVideoEncoderConfigurations/>", MEDIA1_PATH)
        assert len(found(encoders, "trt:Configurations")) == 2


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("", "rtsp://{address}:554/main"),
        ("uri-without-port", "rtsp://{address}/main"),
        ("hostname-uris", "rtsp://camera.local:554/main"),
        ("rtsps-only", "rtsps://{address}:322/main"),
    ],
)
async def test_uri_variants(behaviour: str, expected: str) -> None:
    async with served(*filter(None, [behaviour])) as server:
        answer = await call(
            server,
            "<trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport>"
            "<tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>"
            "<trt:ProfileToken>profile_main</trt:ProfileToken></trt:GetStreamUri>",
            MEDIA1_PATH,
        )
        (uri,) = found(answer, "trt:MediaUri/tt:Uri")
        assert uri.text == expected.format(address=server.state.address)


async def test_many_profiles() -> None:
    async with served("many-profiles") as server:
        answer = await call(server, "<trt:GetProfiles/>", MEDIA1_PATH)
        assert len(found(answer, "trt:Profiles")) == 48


async def test_media_only_in_one_version() -> None:
    for behaviour, gone, kept in (
        ("media1-only", "tr2", "trt"),
        ("media2-only", "trt", "tr2"),
    ):
        async with served(behaviour) as server:
            services = await call(
                server,
                "<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability>"
                "</tds:GetServices>",
            )
            text = "".join(services.itertext())
            assert ("ver20/media" in text) is (gone == "trt")
            await call(server, f"<{kept}:GetProfiles/>")
            with pytest.raises(AssertionError, match="ActionNotSupported"):
                await call(server, f"<{gone}:GetProfiles/>")


def names(element: etree._Element) -> list[str]:
    return [child.xpath("name()") for child in element]


async def test_media_2_tells_of_encoders_in_the_order_of_the_schema() -> None:
    async with served(audio_encoding="PCMU") as server:
        server.state.main.encoding = "H265"
        profiles = await call(
            server, "<tr2:GetProfiles><tr2:Type>All</tr2:Type></tr2:GetProfiles>", MEDIA2_PATH
        )
        main, _, third = found(profiles, "tr2:Profiles")
        assert names(main) == ["tr2:Name", "tr2:Configurations"]
        assert names(main[1]) == [
            f"tr2:{kind}"
            for kind in ("VideoSource", "AudioSource", "VideoEncoder", "AudioEncoder", "PTZ")
        ]
        encoder = found(main, "tr2:Configurations/tr2:VideoEncoder")[0]
        assert names(encoder) == [
            f"tt:{name}"
            for name in ("Name", "UseCount", "Encoding", "Resolution", "RateControl", "Quality")
        ]
        assert encoder.get("GovLength") == "50"
        assert found(encoder, "tt:Encoding")[0].text == "H265"
        assert names(found(encoder, "tt:RateControl")[0]) == [
            "tt:FrameRateLimit",
            "tt:BitrateLimit",
        ]
        assert found(third, ".//tr2:VideoEncoder/tt:Encoding")[0].text == "JPEG"
        audio = found(main, ".//tr2:AudioEncoder")[0]
        assert names(audio) == [
            f"tt:{name}" for name in ("Name", "UseCount", "Encoding", "Bitrate", "SampleRate")
        ]
        options = await call(
            server,
            "<tr2:GetVideoEncoderConfigurationOptions><tr2:ConfigurationToken>main"
            "</tr2:ConfigurationToken></tr2:GetVideoEncoderConfigurationOptions>",
            MEDIA2_PATH,
        )
        assert [found(one, "tt:Encoding")[0].text for one in options] == ["H264", "H265", "JPEG"]
        assert names(options[1]) == [
            "tt:Encoding",
            "tt:QualityRange",
            *["tt:ResolutionsAvailable"] * 3,
            "tt:BitrateRange",
        ]
        assert "25" in options[1].get("FrameRatesSupported").split()


async def test_zeep_sets_and_reads_media_2() -> None:
    async with served() as server:
        state = server.state
        uri = f"http://{state.address}:{state.ports['http']}{MEDIA2_PATH}"

        def use() -> None:
            token = UsernameToken(state.user, state.password, use_digest=True)
            client = zeep.Client(str(MEDIA2), wsse=token)
            service = client.create_service(next(iter(client.wsdl.bindings)), uri)
            wanted = {
                "token": "main",
                "GovLength": 60,
                "Name": "main encoder",
                "UseCount": 1,
                "Encoding": "H265",
                "Resolution": {"Width": 1280, "Height": 720},
                "RateControl": {"FrameRateLimit": 20, "BitrateLimit": 2048},
                "Quality": 4,
            }
            service.SetVideoEncoderConfiguration(Configuration=wanted)
            with pytest.raises(zeep.exceptions.Fault, match="not one of"):
                service.SetVideoEncoderConfiguration(Configuration={**wanted, "Encoding": "VP9"})
            with pytest.raises(zeep.exceptions.Fault, match="no such profile"):
                service.GetStreamUri(Protocol="RtspUnicast", ProfileToken="nowhere")

        await asyncio.to_thread(use)
        main = state.main
        assert (main.encoding, main.width, main.frame_rate, main.gop) == ("H265", 1280, 20, 60)
        assert main.bitrate_kbps == 2048


@pytest.mark.parametrize(
    ("behaviour", "left"), [("h264-missing", ["H265", "JPEG"]), ("mjpeg-missing", ["H264", "H265"])]
)
async def test_encodings_that_are_missing_are_not_offered(behaviour: str, left: list[str]) -> None:
    async with served(behaviour) as server:
        options = await call(server, "<tr2:GetVideoEncoderConfigurationOptions/>", MEDIA2_PATH)
        assert [found(one, "tt:Encoding")[0].text for one in options] == left
        options = await call(server, "<trt:GetVideoEncoderConfigurationOptions/>", MEDIA1_PATH)
        assert len(found(options, "trt:Options/tt:H264")) == ("H264" in left)
        assert len(found(options, "trt:Options/tt:JPEG")) == ("JPEG" in left)


async def test_an_unusual_setting_is_among_the_options() -> None:
    async with served() as server:
        main = server.state.main
        main.width, main.height, main.frame_rate = 2560, 1440, 50
        options = await call(server, "<tr2:GetVideoEncoderConfigurationOptions/>", MEDIA2_PATH)
        widths = found(options, "tr2:Options[1]/tt:ResolutionsAvailable/tt:Width")
        assert widths[0].text == "2560"
        assert options[0].get("FrameRatesSupported").startswith("50 30 ")


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ("RtspUnicast", "rtsp://{address}:554/sub"),
        ("RtspsUnicast", "rtsps://{address}:322/sub"),
        ("RtspOverHttp", "http://{address}:{http}/sub"),
    ],
)
async def test_media_2_uris(protocol: str, expected: str) -> None:
    async with served() as server:
        state = server.state
        answer = await call(
            server,
            f"<tr2:GetStreamUri><tr2:Protocol>{protocol}</tr2:Protocol>"
            "<tr2:ProfileToken>profile_sub</tr2:ProfileToken></tr2:GetStreamUri>",
            MEDIA2_PATH,
        )
        (uri,) = found(answer, "tr2:Uri")
        assert uri.text == expected.format(address=state.address, http=state.ports["http"])


async def test_media_2_gives_only_the_kinds_asked_for() -> None:
    async with served() as server:
        bare = await call(server, "<tr2:GetProfiles/>", MEDIA2_PATH)
        assert len(found(bare, "tr2:Profiles/tr2:Name")) == 3
        assert not found(bare, "tr2:Profiles/tr2:Configurations")
        video = await call(
            server,
            "<tr2:GetProfiles><tr2:Token>profile_sub</tr2:Token>"
            "<tr2:Type>VideoEncoder</tr2:Type></tr2:GetProfiles>",
            MEDIA2_PATH,
        )
        (configurations,) = found(video, "tr2:Profiles/tr2:Configurations")
        assert [child.tag for child in configurations] == [
            "{http://www.onvif.org/ver20/media/wsdl}VideoEncoder"
        ]
        # zeep does not notice a missing namespace on child elements, so it is asked for here.
        assert found(configurations, "tr2:VideoEncoder/tt:Resolution/tt:Width")[0].text == "640"


async def test_media_2_names_encodings_as_iana_does() -> None:
    for encoding, name in (("PCMA", "PCMA"), ("G7221", "G7221"), ("AAC", "MP4A-LATM")):
        async with served(audio_encoding=encoding) as server:
            answer = await call(server, "<tr2:GetAudioEncoderConfigurations/>", MEDIA2_PATH)
            assert found(answer, "tr2:Configurations/tt:Encoding")[0].text == name
    async with served(audio_encoding="") as server:
        answer = await call(server, "<tr2:GetAudioEncoderConfigurations/>", MEDIA2_PATH)
        assert not len(answer)
