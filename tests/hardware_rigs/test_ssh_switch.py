import time

import pytest

from console.desks import power_of
from hardware_rigs.ssh_switch import SshSwitch, SwitchAddress, profiles, reading_of
from targets.credentials import PasswordSource, Secret
from targets.errors import VisitProblem
from targets.power_port import PortReading
from targets.site import PowerRig, Site
from tests.hardware_rigs.switch_server import PASSWORD, USER, SwitchServer

HUAWEI = {
    "display poe power-state interface GigabitEthernet0/0/3": """\
Legacy detect           : disable
Power enable state      : enable
Power ON/OFF            : on
Power status            : Powered
PD class                : 3
Reference power(mW)     : 15400
Max power(mW)           : 30000
Current power(mW)       : 4910
Peak power(mW)          : 10725""",
    "display interface GigabitEthernet0/0/3": """\
GigabitEthernet0/0/3 current state : UP
Line protocol current state : UP
Port Mode: COMMON COPPER
Speed : 100,  Loopback: NONE
Duplex: FULL, Negotiation: ENABLE""",
    "display mac-address GigabitEthernet0/0/3": """\
MAC Address    VLAN/VSI    Learned-From        Type
4c11-bf12-34ab 20/-        GE0/0/3             dynamic""",
}
H3C = """\
 Port Power Enabled      : Enabled
 Port Operating Status   : On
 Port IEEE Class         : 4
 Port Detection Status   : Delivering-power
 Port Current Power      : 11592    mW
GigabitEthernet1/0/1 current state: UP
 1000Mbps-speed mode, full-duplex mode
 Media type is twisted pair
0011-2233-4455   1        Learned        GE1/0/1        Y"""
CISCO = """\
Interface Admin  Oper       Power   Device              Class Max
                            (Watts)
--------- ------ ---------- ------- ------------------- ----- ----
Gi1/0/1   auto   on         4.0     Ieee PD             1     30.0
Port      Name   Status       Vlan       Duplex  Speed Type
Gi1/0/1   cam    connected    20         a-full  a-100 10/100/1000BaseTX
  20    0011.2233.4455    DYNAMIC     Gi1/0/1"""


def switch(server: SwitchServer, **changed: object) -> SshSwitch:
    given: dict[str, object] = {"host_key": server.host_key, "password": PASSWORD} | changed
    address = SwitchAddress("127.0.0.1", server.port, USER, str(given["host_key"]))
    secret = Secret(str(given["password"]))
    return SshSwitch(address, lambda: secret, "huawei-vrp", {"p": "GigabitEthernet0/0/3"})


async def test_a_port_is_read_over_ssh() -> None:
    with SwitchServer(lambda command: HUAWEI.get(command, "")) as server:
        reading = await switch(server).read("p")
    assert reading == PortReading(
        enabled=True,
        delivering=True,
        poe_class=3,
        power_w=pytest.approx(4.91),
        link=True,
        speed_mbps=100,
        medium="copper",
        macs=("4c:11:bf:12:34:ab",),
    )


async def test_a_site_leads_to_its_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.get_password", lambda *_: None)
    with SwitchServer(lambda command: HUAWEI.get(command, "")) as server:
        rig = PowerRig(
            switch=f"ssh://{USER}@127.0.0.1:{server.port}",
            profile="huawei-vrp",
            host_key=server.host_key,
            ports={"p": "GigabitEthernet0/0/3"},
        )
        passwords = PasswordSource({"TANTOU_PASSWORD_SWITCH": PASSWORD})
        ports = power_of(Site("s", (), power=rig), passwords)
        assert ports is not None
        assert (await ports.read("p")).poe_class == 3
    assert power_of(Site("s", ()), passwords) is None


async def test_the_supply_is_cut_and_given_as_the_profile_says() -> None:
    with SwitchServer(lambda _: "", prompt="[core-sw-GigabitEthernet0/0/3]") as server:
        rig = switch(server)
        await rig.feed("p", "off")
        await rig.feed("p", "on")
    commands = [one for one in server.typed if one != "screen-length 0 temporary"]
    assert commands == [
        *("system-view", "interface GigabitEthernet0/0/3", "undo poe enable", "quit", "quit"),
        *("system-view", "interface GigabitEthernet0/0/3", "poe enable", "quit", "quit"),
    ]


@pytest.mark.parametrize(
    ("changed", "detail"),
    [({"host_key": "SHA256:AAAA"}, "another host key"), ({"password": "wrong"}, "Authentication")],
)
async def test_a_stranger_is_not_told_anything(changed: dict[str, object], detail: str) -> None:
    with SwitchServer(lambda _: "") as server, pytest.raises(VisitProblem) as caught:
        await switch(server, **changed).read("p")
    assert caught.value.reason.code == "visit.rig-failed"
    assert detail in caught.value.reason.parameters["detail"]
    assert PASSWORD not in str(caught.value)
    assert server.typed == []


async def test_an_absent_switch_and_an_unknown_port_are_told_apart() -> None:
    with SwitchServer(lambda _: "") as server:
        rig = switch(server)
        with pytest.raises(VisitProblem) as unknown:
            await rig.read("other")
    assert unknown.value.reason.code == "visit.no-power-rig"
    with pytest.raises(VisitProblem) as absent:
        await rig.read("p")
    assert absent.value.reason.code == "visit.rig-failed"


def test_other_makes_are_read_by_their_own_profiles() -> None:
    h3c = reading_of(H3C, profiles()["h3c-comware"])
    assert (h3c.delivering, h3c.poe_class, h3c.power_w) == (True, 4, pytest.approx(11.592))
    assert (h3c.link, h3c.speed_mbps, h3c.medium) == (True, 1000, "copper")
    assert h3c.macs == ("00:11:22:33:44:55",)
    cisco = reading_of(CISCO, profiles()["cisco-ios"])
    assert (cisco.enabled, cisco.delivering) == (True, True)
    assert (cisco.poe_class, cisco.power_w) == (1, 4.0)
    assert (cisco.link, cisco.speed_mbps, cisco.medium) == (True, 100, "copper")
    assert cisco.macs == ("00:11:22:33:44:55",)
    legacy = reading_of(CISCO.replace("Ieee PD             1 ", "cisco AP            n/a"), profiles()["cisco-ios"])  # fmt: skip  # noqa: E501
    assert (legacy.delivering, legacy.poe_class) == (True, None)


@pytest.mark.parametrize("name", sorted(profiles()))
@pytest.mark.parametrize(
    "flood", ["\n", " ", "1", "auto ", "Gi1/0/1 auto ", "port mode : ", "a/1 "]
)
def test_a_flood_is_read_in_no_time(name: str, flood: str) -> None:
    started = time.process_time()
    reading_of(flood * (65_536 // len(flood)), profiles()[name])
    assert time.process_time() - started < 1


@pytest.mark.parametrize("name", sorted(profiles()))
def test_an_odd_answer_says_nothing(name: str) -> None:
    assert reading_of("% Invalid input detected", profiles()[name]) == PortReading()
    assert reading_of("\ufffd" * 5000 + "PD class : 99", profiles()[name]).poe_class is None
