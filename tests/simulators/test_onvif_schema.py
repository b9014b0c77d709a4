"""Every operation once, its answer judged by ONVIF's own XML schema and its namespaces by path.

zeep does not notice a missing namespace on child elements; the schema does.
"""

from __future__ import annotations

import pytest

from protocols.time_source import SystemTime
from simulators.camera.clock import CameraClock
from simulators.camera.onvif.operations import OPERATIONS
from tests.simulators.onvif_bench import call, found, served

PROFILE = "<{0}:ProfileToken>profile_main</{0}:ProfileToken>"
SOURCE = "<timg:VideoSourceToken>source</timg:VideoSourceToken>"
USER = (
    "<tds:User><tt:Username>guard</tt:Username><tt:Password>Guard-1</tt:Password>"
    "<tt:UserLevel>User</tt:UserLevel></tds:User>"
)
RELAY = "<tt:Properties><tt:Mode>Bistable</tt:Mode><tt:DelayTime>PT0S</tt:DelayTime>"
RELAY += "<tt:IdleState>open</tt:IdleState></tt:Properties>"
MOMENT = (
    "<tt:Time><tt:Hour>1</tt:Hour><tt:Minute>2</tt:Minute><tt:Second>3</tt:Second></tt:Time>"
    "<tt:Date><tt:Year>2030</tt:Year><tt:Month>4</tt:Month><tt:Day>5</tt:Day></tt:Date>"
)
ENCODER = (
    '<{0}:Configuration token="main" GovLength="25"><tt:Name>n</tt:Name>'
    "<tt:UseCount>1</tt:UseCount>"
    "<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>1280</tt:Width>"
    "<tt:Height>720</tt:Height></tt:Resolution><tt:Quality>3</tt:Quality></{0}:Configuration>"
)
PRESET = "<tptz:PresetToken>1</tptz:PresetToken>"
PLACE = '<tt:PanTilt x="0.1" y="0.1"/><tt:Zoom x="0.1"/>'

#: The content of each request; what is not here has none.
CONTENT = {
    "tds:AddScopes": "<tds:ScopeItem>onvif://www.onvif.org/location/x</tds:ScopeItem>",
    "tds:CreateUsers": USER,
    "tds:DeleteUsers": "<tds:Username>guard</tds:Username>",
    "tds:GetCapabilities": "<tds:Category>All</tds:Category>",
    "tds:GetServices": "<tds:IncludeCapability>true</tds:IncludeCapability>",
    "tds:SendAuxiliaryCommand": "<tds:AuxiliaryCommand>tt:WhiteLight|On</tds:AuxiliaryCommand>",
    "tds:SetHostname": "<tds:Name>gate</tds:Name>",
    "tds:SetNTP": "<tds:FromDHCP>false</tds:FromDHCP>",
    "tds:SetRelayOutputSettings": "<tds:RelayOutputToken>relay_0</tds:RelayOutputToken>"
    + RELAY.replace("tt:Properties", "tds:Properties"),
    "tds:SetRelayOutputState": "<tds:RelayOutputToken>relay_0</tds:RelayOutputToken>"
    "<tds:LogicalState>active</tds:LogicalState>",
    "tds:SetScopes": "<tds:Scopes>onvif://www.onvif.org/location/x</tds:Scopes>",
    "tds:SetSystemDateAndTime": "<tds:DateTimeType>NTP</tds:DateTimeType>"
    f"<tds:DaylightSavings>false</tds:DaylightSavings><tds:UTCDateTime>{MOMENT}</tds:UTCDateTime>",
    "tds:SetUser": USER,
    "trt:GetProfile": PROFILE.format("trt"),
    "trt:GetSnapshotUri": PROFILE.format("trt"),
    "trt:GetStreamUri": "<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport>"
    "<tt:Protocol>UDP</tt:Protocol></tt:Transport></trt:StreamSetup>" + PROFILE.format("trt"),
    "trt:GetVideoEncoderConfiguration": "<trt:ConfigurationToken>sub</trt:ConfigurationToken>",
    "trt:GetVideoSourceConfiguration": "<trt:ConfigurationToken>source_config"
    "</trt:ConfigurationToken>",
    "trt:SetSynchronizationPoint": PROFILE.format("trt"),
    "trt:SetVideoEncoderConfiguration": ENCODER.format("trt"),
    "tr2:GetProfiles": "<tr2:Type>All</tr2:Type>",
    "tr2:GetSnapshotUri": PROFILE.format("tr2"),
    "tr2:GetStreamUri": "<tr2:Protocol>RTSP</tr2:Protocol>" + PROFILE.format("tr2"),
    "tr2:SetSynchronizationPoint": PROFILE.format("tr2"),
    "tr2:SetVideoEncoderConfiguration": ENCODER.format("tr2"),
    "timg:Move": f"{SOURCE}<timg:Focus><tt:Absolute><tt:Position>0.6</tt:Position></tt:Absolute>"
    "</timg:Focus>",
    "timg:SetImagingSettings": f"{SOURCE}<timg:ImagingSettings><tt:Contrast>40</tt:Contrast>"
    "</timg:ImagingSettings>",
    "tptz:AbsoluteMove": f"<tptz:Position>{PLACE}</tptz:Position>",
    "tptz:ContinuousMove": f"<tptz:Velocity>{PLACE}</tptz:Velocity>",
    "tptz:GetConfiguration": "<tptz:PTZConfigurationToken>ptz_config</tptz:PTZConfigurationToken>",
    "tptz:GetConfigurationOptions": "<tptz:ConfigurationToken>ptz_config</tptz:ConfigurationToken>",
    "tptz:GetNode": "<tptz:NodeToken>ptz_node</tptz:NodeToken>",
    "tptz:GotoPreset": PRESET,
    "tptz:RelativeMove": f"<tptz:Translation>{PLACE}</tptz:Translation>",
    "tptz:RemovePreset": PRESET,
    "tptz:SendAuxiliaryCommand": "<tptz:AuxiliaryData>tt:WhiteLight|On</tptz:AuxiliaryData>",
    "tmd:SetRelayOutputSettings": f'<tmd:RelayOutput token="relay_0">{RELAY}</tmd:RelayOutput>',
    "tmd:SetRelayOutputState": "<tmd:RelayOutputToken>relay_0</tmd:RelayOutputToken>"
    "<tmd:LogicalState>active</tmd:LogicalState>",
    "tev:PullMessages": "<tev:Timeout>PT0S</tev:Timeout><tev:MessageLimit>9</tev:MessageLimit>",
    "wsnt:Renew": "<wsnt:TerminationTime>PT60S</wsnt:TerminationTime>",
}
#: Not in the schema of 2018 that the reference client brings.
NEWER = {"tmd:GetRelayOutputs", "tmd:SetRelayOutputState", "tmd:GetVideoSources"}
NEWER |= {"tmd:GetAudioSources", "tmd:GetAudioOutputs"}
ON_A_SUBSCRIPTION = {"tev:PullMessages", "tev:SetSynchronizationPoint"}
ON_A_SUBSCRIPTION |= {"wsnt:Renew", "wsnt:Unsubscribe"}


def content_of(name: str) -> str:
    prefix = name.partition(":")[0]
    content = CONTENT.get(name, "")
    if prefix == "timg" and not content and not name.endswith(":GetServiceCapabilities"):
        return SOURCE
    if prefix == "tptz" and not name.split(":")[1].startswith(("GetNode", "GetConf", "GetServ")):
        return PROFILE.format(prefix) + content
    return content


def test_no_content_is_for_an_operation_that_is_not_there() -> None:
    assert not CONTENT.keys() - OPERATIONS.keys()
    assert len(OPERATIONS) > 90


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_an_answer_is_valid(name: str) -> None:
    async with served(clock=CameraClock(SystemTime())) as server:
        server.device.mount.presets["1"] = ("gate", (0.1, 0.2, 0.3))
        if name in ("tds:DeleteUsers", "tds:SetUser"):
            await call(server, f"<tds:CreateUsers>{USER}</tds:CreateUsers>")
        path = "/onvif/device_service"
        if name in ON_A_SUBSCRIPTION:
            answer = await call(server, "<tev:CreatePullPointSubscription/>")
            address = found(answer, ".//wsa:Address")[0].text
            path = "/" + address.split("/", 3)[3]
        answer = await call(
            server, f"<{name}>{content_of(name)}</{name}>", path, in_schema=name not in NEWER
        )
        assert found(answer, f"self::{name}Response")
