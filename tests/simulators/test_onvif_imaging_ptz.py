"""Imaging, PTZ, and Device I/O, judged by onvif-zeep; moves in virtual time."""

from __future__ import annotations

import datetime
from typing import Any

import onvif
import pytest

from protocols.time_source import SystemTime, VirtualTime
from simulators.camera.onvif.axis import Axis
from simulators.camera.state import CameraState
from tests.simulators.onvif_bench import call, found, served, with_zeep

MAIN = {"ProfileToken": "profile_main"}
SOURCE = {"VideoSourceToken": "source"}


class TurnedTime(VirtualTime):
    """A clock that starts at the true time, so that the client's tokens are fresh."""

    def __init__(self) -> None:
        super().__init__(SystemTime().now())


async def test_zeep_sets_the_picture() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            imaging = camera.create_imaging_service()
            settings = imaging.GetImagingSettings(SOURCE)
            assert (settings.IrCutFilter, settings.WideDynamicRange.Mode) == ("AUTO", "OFF")
            assert settings.BacklightCompensation.Mode == "OFF"
            wanted = {
                "BacklightCompensation": {"Mode": "ON"},
                "Exposure": {"Mode": "MANUAL", "ExposureTime": 10_000},
                "Focus": {"AutoFocusMode": "MANUAL"},
                "IrCutFilter": "OFF",
                "WideDynamicRange": {"Mode": "ON"},
            }
            imaging.SetImagingSettings({**SOURCE, "ImagingSettings": wanted})
            settings = imaging.GetImagingSettings(SOURCE)
            assert settings.Exposure.ExposureTime == 10_000
            assert settings.Focus.AutoFocusMode == "MANUAL"
            assert settings.BacklightCompensation.Mode == "ON"
            options = imaging.GetOptions(SOURCE)
            assert options.IrCutFilterModes == ["ON", "OFF", "AUTO"]
            assert options.WideDynamicRange.Mode == ["ON", "OFF"]
            assert options.Exposure.ExposureTime.Max == 40_000
            outside = {"Exposure": {"Mode": "MANUAL", "ExposureTime": 1e9}}
            with pytest.raises(onvif.ONVIFError, match="out of range"):
                imaging.SetImagingSettings({**SOURCE, "ImagingSettings": outside})
            with pytest.raises(onvif.ONVIFError, match="no such video source"):
                imaging.GetOptions({"VideoSourceToken": "elsewhere"})

        await with_zeep(server, use)
        assert (server.state.ir_cut, server.state.wide_dynamic_range) == ("OFF", "ON")


async def test_zeep_moves_the_focus() -> None:
    time = TurnedTime()
    async with served(clock=time) as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            imaging = camera.create_imaging_service()
            options = imaging.GetMoveOptions(SOURCE)
            assert options.Absolute.Position.Max == 1
            imaging.Move({**SOURCE, "Focus": {"Absolute": {"Position": 0.9, "Speed": 0.4}}})
            status = imaging.GetStatus(SOURCE).FocusStatus20
            assert (status.Position, status.MoveStatus) == (0.5, "MOVING")
            time.advance(1.0)
            assert imaging.GetStatus(SOURCE).FocusStatus20.Position == pytest.approx(0.7)
            time.advance(1.01)
            status = imaging.GetStatus(SOURCE).FocusStatus20
            assert status.Position == pytest.approx(0.9)
            assert status.MoveStatus == "IDLE"
            imaging.Move({**SOURCE, "Focus": {"Continuous": {"Speed": -1}}})
            time.advance(0.4)
            imaging.Stop(SOURCE)
            time.advance(1.0)
            assert imaging.GetStatus(SOURCE).FocusStatus20.Position == pytest.approx(0.7)
            imaging.Move({**SOURCE, "Focus": {"Relative": {"Distance": 0.1}}})
            time.advance(1.0)
            assert imaging.GetStatus(SOURCE).FocusStatus20.Position == pytest.approx(0.8)

        await with_zeep(server, use)


async def test_zeep_reads_what_the_mount_can_do() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            ptz = camera.create_ptz_service()
            (node,) = ptz.GetNodes()
            assert "tt:WhiteLight|On" in node.AuxiliaryCommands
            assert node.SupportedPTZSpaces.AbsolutePanTiltPositionSpace[0].XRange.Min == -1
            assert ptz.GetNode({"NodeToken": node.token}).MaximumNumberOfPresets == 256
            (configuration,) = ptz.GetConfigurations()
            assert configuration.DefaultPTZTimeout == datetime.timedelta(seconds=10)
            options = ptz.GetConfigurationOptions({"ConfigurationToken": configuration.token})
            assert options.PTZTimeout.Max == datetime.timedelta(seconds=60)
            assert (
                ptz.GetConfiguration({"PTZConfigurationToken": configuration.token}).UseCount == 3
            )
            answer = ptz.SendAuxiliaryCommand({**MAIN, "AuxiliaryData": "tt:WhiteLight|Off"})
            assert answer == "OK"

        await with_zeep(server, use)
        assert server.state.white_light == "off"


async def test_zeep_moves_the_mount() -> None:
    time = TurnedTime()
    async with served(clock=time) as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            ptz = camera.create_ptz_service()

            def status() -> tuple[float, float, float, str]:
                answer: Any = ptz.GetStatus(MAIN)
                place = answer.Position
                moving = f"{answer.MoveStatus.PanTilt} {answer.MoveStatus.Zoom}"
                return (place.PanTilt.x, place.PanTilt.y, place.Zoom.x, moving)

            assert status() == (0, 0, 0, "IDLE IDLE")
            velocity = {"PanTilt": {"x": 0.5, "y": -1}, "Zoom": {"x": 0.2}}
            ptz.ContinuousMove({**MAIN, "Velocity": velocity})
            time.advance(1)
            assert status() == (*map(pytest.approx, (0.25, -0.5, 0.1)), "MOVING MOVING")
            ptz.Stop({**MAIN, "PanTilt": True, "Zoom": False})
            time.advance(1)
            assert status() == (*map(pytest.approx, (0.25, -0.5, 0.2)), "IDLE MOVING")
            ptz.Stop(MAIN)
            position = {"PanTilt": {"x": -0.75, "y": 0.5}, "Zoom": {"x": 1}}
            ptz.AbsoluteMove({**MAIN, "Position": position})
            time.advance(10)
            assert status() == (*map(pytest.approx, (-0.75, 0.5, 1)), "IDLE IDLE")
            translation = {"PanTilt": {"x": 0.25, "y": 9}}
            with pytest.raises(onvif.ONVIFError, match="out of range"):
                ptz.RelativeMove({**MAIN, "Translation": translation})
            translation["PanTilt"]["y"] = -0.5
            speed = {"PanTilt": {"x": 0.1, "y": 0.1}}
            ptz.RelativeMove({**MAIN, "Translation": translation, "Speed": speed})
            time.advance(5)
            assert status() == (*map(pytest.approx, (-0.5, 0.25, 1)), "MOVING IDLE")
            time.advance(5.1)
            assert status() == (*map(pytest.approx, (-0.5, 0, 1)), "IDLE IDLE")
            timed = {**MAIN, "Velocity": {"Zoom": {"x": -1}}, "Timeout": "PT1S"}
            ptz.ContinuousMove(timed)
            time.advance(5)
            assert status() == (*map(pytest.approx, (-0.5, 0, 0.5)), "IDLE IDLE")

        await with_zeep(server, use)


async def test_zeep_keeps_presets_and_home() -> None:
    time = TurnedTime()
    async with served(clock=time) as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            ptz = camera.create_ptz_service()
            ptz.AbsoluteMove({**MAIN, "Position": {"PanTilt": {"x": 0.5, "y": 0.5}}})
            time.advance(5)
            token = ptz.SetPreset({**MAIN, "PresetName": "gate"})
            ptz.GotoHomePosition(MAIN)
            time.advance(5)
            assert ptz.GetStatus(MAIN).Position.PanTilt.x == 0
            (preset,) = ptz.GetPresets(MAIN)
            assert (preset.token, preset.Name) == (token, "gate")
            assert preset.PTZPosition.PanTilt.x == 0.5
            ptz.GotoPreset({**MAIN, "PresetToken": token})
            time.advance(5)
            assert ptz.GetStatus(MAIN).Position.PanTilt.y == 0.5
            ptz.RemovePreset({**MAIN, "PresetToken": token})
            assert not ptz.GetPresets(MAIN)
            with pytest.raises(onvif.ONVIFError, match="no such preset"):
                ptz.GotoPreset({**MAIN, "PresetToken": token})
            ptz.SetHomePosition(MAIN)
            assert server.device.mount.home[0] == 0.5

        await with_zeep(server, use)


async def test_a_fixed_camera_has_no_mount() -> None:
    async with served("no-ptz") as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            with pytest.raises(onvif.ONVIFError, match="support"):
                camera.create_ptz_service()
            assert camera.create_media_service().GetProfiles()[0].PTZConfiguration is None

        await with_zeep(server, use)


def device_io(camera: onvif.ONVIFCamera, state: CameraState) -> Any:
    address = f"http://{state.address}:{state.ports['http']}/onvif/deviceio_service"
    camera.xaddrs["http://www.onvif.org/ver10/deviceIO/wsdl"] = address
    return camera.create_deviceio_service()


@pytest.mark.parametrize(("behaviour", "inputs"), [("", ["input_0"]), ("no-digital-input", [])])
async def test_zeep_reads_inputs_and_outputs(behaviour: str, inputs: list[str]) -> None:
    async with served(*filter(None, [behaviour])) as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            service = device_io(camera, server.state)
            assert [one.token for one in service.GetDigitalInputs() or []] == inputs
            assert [one.token for one in service.GetRelayOutputs()] == ["relay_0"]
            assert service.GetServiceCapabilities().DigitalInputs == len(inputs)
            service.SetRelayOutputState({"RelayOutputToken": "relay_0", "LogicalState": "active"})
            assert server.device.relays["relay_0"].active
            assert [one.token for one in service.GetAudioOutputs()] == ["audio_output"]
            assert [one.token for one in service.GetVideoSources()] == ["source"]

        await with_zeep(server, use)


async def test_relays_in_the_namespace_of_device_io() -> None:
    async with served() as server:
        answer = await call(
            server,
            "<tmd:SetRelayOutputState><tmd:RelayOutputToken>relay_0</tmd:RelayOutputToken>"
            "<tmd:LogicalState>active</tmd:LogicalState></tmd:SetRelayOutputState>",
            in_schema=False,
        )
        assert answer.tag.endswith("}SetRelayOutputStateResponse")
        options = await call(server, "<tmd:GetRelayOutputOptions/>")
        assert len(found(options, "tmd:RelayOutputOptions[@token='relay_0']/tmd:Mode")) == 2


def test_an_axis_stops_at_its_limit() -> None:
    axis = Axis(-1, 1, 0.75)
    axis.run(0, 1.0)
    assert axis.moving(0.2)
    assert axis.position(0.2) == pytest.approx(0.85)
    assert axis.position(10) == 1
    assert not axis.moving(10)
    axis.go(10, 5.0)
    assert not axis.moving(10.1)
