"""Device Management, judged by onvif-zeep and by ONVIF's own schema."""

from __future__ import annotations

import datetime

import aiohttp
import onvif
import pytest
from lxml import etree

from protocols.time_source import SystemTime, VirtualTime
from simulators.camera.clock import CameraClock
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import Identity
from tests.simulators.onvif_bench import (
    call,
    envelope,
    found,
    post,
    security_header,
    served,
    with_zeep,
)


def told(answer: object) -> datetime.datetime:
    day, time = answer.UTCDateTime.Date, answer.UTCDateTime.Time
    return datetime.datetime(
        day.Year, day.Month, day.Day, time.Hour, time.Minute, time.Second, tzinfo=datetime.UTC
    )


async def test_zeep_reads_who_the_device_is() -> None:
    identity = Identity("Maker", "M & <1>", "9.8", "S-7", "H2", "gate", interface="wifi")
    async with served(identity=identity) as server:
        server.device.scopes = ["onvif://www.onvif.org/IP/IP66"]

        def use(camera: onvif.ONVIFCamera) -> None:
            device = camera.devicemgmt
            information = device.GetDeviceInformation()
            assert (information.Manufacturer, information.Model) == ("Maker", "M & <1>")
            assert (information.FirmwareVersion, information.SerialNumber) == ("9.8", "S-7")
            assert information.HardwareId == "H2"
            assert device.GetHostname().Name == "gate"
            scopes = {scope.ScopeItem: scope.ScopeDef for scope in device.GetScopes()}
            assert scopes["onvif://www.onvif.org/IP/IP66"] == "Configurable"
            assert scopes["onvif://www.onvif.org/Profile/Streaming"] == "Fixed"
            interface, socket = device.GetNetworkInterfaces()
            assert (interface.Info.Name, socket.Info.Name) == ("wlan0", "eth0")
            assert (interface.Enabled, socket.Enabled) == (True, False)
            assert interface.Link.InterfaceType == 71
            assert interface.IPv4.Config.Manual[0].Address == server.state.address
            protocols = {one.Name: one.Port for one in device.GetNetworkProtocols()}
            assert protocols == {
                name.upper(): [server.state.ports[name]] for name in ("http", "https", "rtsp")
            }

        await with_zeep(server, use)


async def test_zeep_reads_services_and_capabilities() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            services = camera.devicemgmt.GetServices({"IncludeCapability": True})
            assert len(services) == 7
            assert all(one.XAddr.startswith(f"http://{server.state.address}:") for one in services)
            capabilities = camera.devicemgmt.GetCapabilities({"Category": "All"})
            assert capabilities.Device.IO.InputConnectors == 1
            assert capabilities.Media.StreamingCapabilities.RTP_RTSP_TCP is True
            only = camera.devicemgmt.GetCapabilities({"Category": "PTZ"})
            assert only.PTZ is not None
            assert only.Media is None
            service = camera.devicemgmt.GetServiceCapabilities()
            assert service.Security.HttpDigest is True
            assert service.Misc.AuxiliaryCommands[0] == "tt:WhiteLight|On"

        await with_zeep(server, use)
        # What zeep gives to the wildcards of the extensions is read by path.
        answer = await call(server, "<tds:GetCapabilities/>")
        device = found(answer, "tds:Capabilities/tt:Device/tt:IO/tt:Extension")[0]
        commands = [item.text for item in found(device, "tt:AuxiliaryCommands")]
        assert commands == ["tt:WhiteLight|On", "tt:WhiteLight|Off", "tt:WhiteLight|Auto"]
        outputs = found(answer, "tds:Capabilities/tt:Extension/tt:DeviceIO/tt:RelayOutputs")
        assert outputs[0].text == "1"


async def test_zeep_sets_the_clock_and_the_zone() -> None:
    clock = CameraClock(SystemTime(), 5000.0)
    async with served(clock=clock) as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            answer = camera.devicemgmt.GetSystemDateAndTime()
            now = datetime.datetime.now(datetime.UTC)
            assert 4998 < (told(answer) - now).total_seconds() <= 5000.5
            assert answer.TimeZone.TZ == "CST-8"
            camera.devicemgmt.SetSystemDateAndTime(
                {
                    "DateTimeType": "Manual",
                    "DaylightSavings": False,
                    "TimeZone": {"TZ": "EST5"},
                    "UTCDateTime": {
                        "Date": {"Year": 2030, "Month": 2, "Day": 3},
                        "Time": {"Hour": 4, "Minute": 5, "Second": 6},
                    },
                }
            )
            answer = camera.devicemgmt.GetSystemDateAndTime()
            assert told(answer) - datetime.datetime(
                2030, 2, 3, 4, 5, 6, tzinfo=datetime.UTC
            ) < datetime.timedelta(seconds=5)
            assert answer.DateTimeType == "Manual"
            assert answer.LocalDateTime.Date.Day == 2
            assert answer.LocalDateTime.Time.Hour == 23

        await with_zeep(server, use, adjust_time=True)


@pytest.mark.parametrize("day", [(2030, 2, 30), (1900, 1, 1)])
async def test_a_day_that_is_none_is_refused(day: tuple[int, int, int]) -> None:
    async with served(clock=CameraClock(SystemTime())) as server:
        wrong = {
            "DateTimeType": "Manual",
            "DaylightSavings": False,
            "UTCDateTime": {
                "Date": dict(zip(("Year", "Month", "Day"), day, strict=True)),
                "Time": {"Hour": 4, "Minute": 5, "Second": 6},
            },
        }
        with pytest.raises(onvif.ONVIFError, match=r"no such (day|time)"):
            await with_zeep(server, lambda camera: camera.devicemgmt.SetSystemDateAndTime(wrong))


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [("", 0), ("clock-rounds-seconds", 1), ("local-time-as-utc", 28_800)],
)
async def test_told_seconds(behaviour: str, expected: int) -> None:
    start = 1_770_000_000.75
    async with served(*filter(None, [behaviour]), clock=VirtualTime(start)) as server:
        answer = await call(server, "<tds:GetSystemDateAndTime/>")
        moment = told_by_xml(answer)
        assert moment - int(start) == expected


def told_by_xml(answer: etree._Element) -> float:
    parts = [
        int(found(answer, f".//tt:UTCDateTime/tt:{path}")[0].text)
        for path in (
            *("Date/tt:Year", "Date/tt:Month", "Date/tt:Day"),
            *("Time/tt:Hour", "Time/tt:Minute", "Time/tt:Second"),
        )
    ]
    return datetime.datetime(*parts, tzinfo=datetime.UTC).timestamp()


async def test_zeep_sets_time_servers() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            camera.devicemgmt.SetNTP(
                {
                    "FromDHCP": False,
                    "NTPManual": [
                        {"Type": "DNS", "DNSname": "time.example"},
                        {"Type": "IPv4", "IPv4Address": "192.0.2.7"},
                    ],
                }
            )
            answer = camera.devicemgmt.GetNTP()
            assert answer.NTPManual[0].DNSname == "time.example"
            assert answer.NTPManual[1].IPv4Address == "192.0.2.7"
            assert server.device.state.time_server == "time.example"
            with pytest.raises(onvif.ONVIFError, match="not an address"):
                camera.devicemgmt.SetNTP(
                    {"FromDHCP": False, "NTPManual": [{"Type": "IPv4", "IPv4Address": "1.2.3.4.5"}]}
                )

        await with_zeep(server, use)


async def test_zeep_keeps_users() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            device = camera.devicemgmt
            user = {"Username": "guard", "Password": "Guard-1-x", "UserLevel": "User"}
            device.CreateUsers({"User": [user]})
            assert [one.Username for one in device.GetUsers()] == ["admin", "guard"]
            with pytest.raises(onvif.ONVIFError, match="taken"):
                device.CreateUsers({"User": [user]})
            device.SetUser({"User": [{**user, "UserLevel": "Operator"}]})
            assert device.GetUsers()[1].UserLevel == "Operator"
            with pytest.raises(onvif.ONVIFError, match="fixed"):
                device.DeleteUsers({"Username": ["admin"]})
            device.DeleteUsers({"Username": ["guard"]})
            assert len(device.GetUsers()) == 1

        await with_zeep(server, use)


async def test_a_new_password_of_the_administrator_is_the_cameras() -> None:
    async with served() as server:
        await call(
            server,
            "<tds:SetUser><tds:User><tt:Username>admin</tt:Username><tt:Password>New-9</tt:Password>"
            "<tt:UserLevel>Administrator</tt:UserLevel></tds:User></tds:SetUser>",
        )
        assert server.state.password == "New-9"
        await call(server, "<tds:GetDeviceInformation/>")


async def test_zeep_sets_scopes_and_host_name() -> None:
    async with served() as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            camera.devicemgmt.SetScopes({"Scopes": ["onvif://www.onvif.org/location/gate"]})
            items = [scope.ScopeItem for scope in camera.devicemgmt.GetScopes()]
            assert items[-1] == "onvif://www.onvif.org/location/gate"
            camera.devicemgmt.SetHostname({"Name": "north-gate"})
            assert camera.devicemgmt.GetHostname().Name == "north-gate"
            with pytest.raises(onvif.ONVIFError, match="not a host name"):
                camera.devicemgmt.SetHostname({"Name": "a b"})

        await with_zeep(server, use)


@pytest.mark.parametrize("inverted", [False, True])
async def test_zeep_switches_the_relay(inverted: bool) -> None:
    async with served(*(["relay-inverted"] if inverted else [])) as server:

        def use(camera: onvif.ONVIFCamera) -> None:
            device = camera.devicemgmt
            (relay,) = device.GetRelayOutputs()
            device.SetRelayOutputState({"RelayOutputToken": relay.token, "LogicalState": "active"})
            assert server.device.relays[relay.token].active is not inverted
            properties = {
                "Mode": "Monostable",
                "DelayTime": datetime.timedelta(seconds=5),
                "IdleState": "closed",
            }
            device.SetRelayOutputSettings(
                {"RelayOutputToken": relay.token, "Properties": properties}
            )
            (relay,) = device.GetRelayOutputs()
            assert relay.Properties.Mode == "Monostable"
            assert relay.Properties.DelayTime == datetime.timedelta(seconds=5)

        await with_zeep(server, use)


@pytest.mark.parametrize(
    ("behaviour", "offered", "after"),
    [
        ("", "tt:WhiteLight", "on"),
        ("light-stuck-off", "tt:WhiteLight", "on"),
        ("light-command-ignored", "tt:WhiteLight", "auto"),
        ("infrared-only", "tt:IRLamp", "on"),
    ],
)
async def test_zeep_commands_the_lamp(behaviour: str, offered: str, after: str) -> None:
    async with served(*filter(None, [behaviour])) as server:

        def use(camera: onvif.ONVIFCamera) -> str:
            return camera.devicemgmt.SendAuxiliaryCommand({"AuxiliaryCommand": f"{offered}|On"})

        assert await with_zeep(server, use) == "OK"
        assert server.state.white_light == after


async def test_no_lamp_no_command() -> None:
    async with served("no-light") as server:
        with pytest.raises(onvif.ONVIFError, match="no such auxiliary command"):
            await with_zeep(
                server,
                lambda camera: camera.devicemgmt.SendAuxiliaryCommand(
                    {"AuxiliaryCommand": "tt:WhiteLight|On"}
                ),
            )


async def test_after_a_reboot_command_the_device_is_away_for_a_while() -> None:
    clock = VirtualTime()
    async with served(clock=clock) as server:
        # The token of the client is judged on the camera's clock, which stands elsewhere.
        answer = await call_at(server, clock, "<tds:SystemReboot/>")
        assert found(answer, "tds:Message")
        with pytest.raises(aiohttp.ClientConnectionError):
            await call_at(server, clock, "<tds:GetHostname/>")
        clock.advance(2.1)
        await call_at(server, clock, "<tds:GetHostname/>")


async def call_at(server: OnvifServer, clock: VirtualTime, body: str) -> etree._Element:
    created = datetime.datetime.fromtimestamp(int(clock.now()), datetime.UTC)
    text = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    header = security_header(server.state.user, server.state.password, text)
    status, _, data = await post(server, envelope(body, header))
    assert status == 200, data
    return etree.fromstring(data)[-1][0]
