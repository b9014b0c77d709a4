from __future__ import annotations

import asyncio
from typing import Any

import av
import cv2
import numpy as np
import pytest

from protocols.mpeg_ps.demultiplex import demultiplex
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.view import panorama
from tests.simulators.gb28181.bench import DEVICE, Registrar, e, registered
from tests.simulators.gb28181.test_sessions import Receiver

RIGHT, LEFT, UP = "A50F0101320000E8", "A50F0102320000E9", "A50F0108003200EF"
STOP, ZOOM_IN, BAD = "A50F0100000000B5", "A50F0110000030F5", "A50F0101320000E9"
SET_1, CALL_1 = "A50F018100010037", "A50F018200010038"


async def ptz(registrar: Registrar, device: GbDevice, *commands: str, seconds: float = 0.3) -> Any:
    for command in commands:
        channel = device.settings.channel_ids()[0]
        await registrar.tell("Control", "DeviceControl", channel, e("PTZCmd", command))
        await asyncio.sleep(seconds)
    return device.memory.head(device.settings.channel_ids()[0]).position(device.monotonic())


@pytest.mark.parametrize(
    ("name", "sign"), [("", 1), ("ptz-inverted", -1), ("ptz-ignored", 0), ("no-ptz", 0)]
)
async def test_moves(name: str, sign: int) -> None:
    async with registered(*filter(None, [name])) as (registrar, device):
        place = await ptz(registrar, device, RIGHT, UP, STOP)
        assert np.sign(place.pan) == sign
        assert np.sign(place.tilt) == sign
        still = await ptz(registrar, device, STOP)
        assert still == place


async def test_checksum_and_stop() -> None:
    async with registered() as (registrar, device):
        assert (await ptz(registrar, device, BAD)).pan == 0
        device.state.behaviours.add("bad-checksum-obeyed")
        assert (await ptz(registrar, device, BAD, STOP)).pan > 0
        device.state.behaviours.add("stop-ignored")
        place = await ptz(registrar, device, LEFT, STOP)
        assert (await ptz(registrar, device, STOP)).pan < place.pan


@pytest.mark.parametrize(("name", "kept"), [("", 1), ("preset-lost", 0)])
async def test_presets(name: str, kept: int) -> None:
    async with registered(*filter(None, [name])) as (registrar, device):
        place = await ptz(registrar, device, SET_1, RIGHT, STOP, CALL_1)
        answer = await registrar.ask("PresetQuery", device.settings.channel_ids()[0])
        assert len(list(answer.root.iter("PresetID"))) == kept
        assert (abs(place.pan) < 0.01) is bool(kept)


async def test_patrol_and_home() -> None:
    async with registered() as (registrar, device):
        await ptz(registrar, device, SET_1, RIGHT, STOP, "A50F018100020038")
        place = await ptz(
            registrar, device, "A50F01840101003B", "A50F0187010000" + "3D", "A50F01880100003E"
        )
        assert place.pan < 0.005
        fields = [e("Enabled", 1), e("ResetTime", 0), e("PresetIndex", 2)]
        await registrar.tell("Control", "DeviceControl", DEVICE, e("HomePosition", fields))
        place = await ptz(registrar, device, STOP, seconds=0.6)
        assert place.pan > 0.01


async def test_the_picture_moves() -> None:
    await asyncio.to_thread(panorama, "day")
    async with registered() as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            await receiver.invite()
            await receiver.gather(30)
            await ptz(registrar, device, STOP, seconds=1.5)
            await ptz(registrar, device, RIGHT, STOP, seconds=1.0)
            units = demultiplex(receiver.stream()).access_units
        finally:
            await receiver.close()
        codec: Any = av.CodecContext.create("h264", "r")
        shown = []
        for unit in units:
            shown += codec.decode(av.Packet(unit.data))
        grey = [one.to_ndarray(format="gray").astype(np.float32) for one in (shown[-20], shown[-1])]
        window = cv2.createHanningWindow(grey[0].shape[::-1], cv2.CV_32F)
        (x, y), _ = cv2.phaseCorrelate(grey[0], grey[1], window)
        assert x < -20
        assert abs(y) < 5


async def test_answers_of_control() -> None:
    async with registered() as (registrar, device):
        for field, wanted in (
            (e("RecordCmd", "StopRecord"), ("Record", "OFF")),
            (e("RecordCmd", "Record"), ("Record", "ON")),
        ):
            sn = await registrar.tell("Control", "DeviceControl", DEVICE, field)
            await registrar.until(
                lambda: [one for one in registrar.of("DeviceControl") if one.sn == sn]  # noqa: B023
            )
            assert registrar.of("DeviceControl")[-1].text("Result") == "OK"
            status = await registrar.ask("DeviceStatus")
            assert status.text(wanted[0]) == wanted[1]
        await registrar.tell("Control", "DeviceControl", DEVICE, e("GuardCmd", "ResetGuard"))
        await registrar.until(lambda: not device.memory.guarded)
        status = await registrar.ask("DeviceStatus")
        assert status.text("Alarmstatus", "Item", "DutyStatus") == "OFFDUTY"


async def test_restart() -> None:
    async with registered() as (registrar, _device):
        await registrar.tell("Control", "DeviceControl", DEVICE, e("TeleBoot", "Boot"))
        await asyncio.sleep(0.5)
        seen = len(registrar.of("Keepalive"))
        await asyncio.sleep(0.8)
        assert len(registrar.of("Keepalive")) == seen
        await registrar.until(lambda: len(registrar.correct) >= 2)
        assert not any(one.request.headers.get("Expires") == "0" for one in registrar.requests)


async def subscribe(registrar: Registrar, command: str, *fields: Any) -> int:
    from simulators.camera.gb28181 import markup

    body = markup.write("Query", command, "77", DEVICE, list(fields), markup.Writing())
    headers = [("Event", "presence"), ("Expires", "60")]
    answer = await registrar.send("SUBSCRIBE", DEVICE, body, headers=headers)
    status: int = answer.status
    return status


async def test_alarm() -> None:
    async with registered() as (registrar, device):
        assert await subscribe(registrar, "Alarm") == 200
        await device.set_alarm_input(True)
        await registrar.until(lambda: len(registrar.of("Alarm")) >= 2)
        assert {one.text("AlarmMethod") for one in registrar.of("Alarm")} == {"2"}
        assert registrar.of("Alarm")[0].device == device.settings.alarm_input_id
        await device.set_alarm_input(False)
        await device.set_alarm_input(True)
        assert (await registrar.ask("DeviceStatus")).text("Alarmstatus", "Item", "DutyStatus") == (
            "ALARM"
        )
        assert len(registrar.of("Alarm")) == 2
        await registrar.tell("Control", "DeviceControl", DEVICE, e("AlarmCmd", "ResetAlarm"))
        await registrar.until(lambda: not device.memory.alarming)
        await device.set_alarm_input(False)
        await device.set_alarm_input(True)
        await registrar.until(lambda: len(registrar.of("Alarm")) >= 4)


async def test_alarm_is_told_again() -> None:
    async with registered() as (registrar, device):
        registrar.message_status = 0
        await device.set_alarm_input(True)
        await registrar.until(lambda: registrar.of("Alarm"))
        registrar.message_status = 200
        await registrar.until(lambda: len(registrar.of("Alarm")) >= 2, 9.0)


@pytest.mark.parametrize("name", ["alarm-not-sent", "alarm-input-dead", "no-alarm-input"])
async def test_no_alarm(name: str) -> None:
    async with registered(name) as (registrar, device):
        await device.set_alarm_input(True)
        await asyncio.sleep(0.5)
        assert not registrar.of("Alarm")


async def test_positions_and_catalog_are_notified() -> None:
    async with registered() as (registrar, _device):
        assert await subscribe(registrar, "MobilePosition", e("Interval", 1)) == 200
        await registrar.until(lambda: len(registrar.of("MobilePosition")) >= 2)
        assert await subscribe(registrar, "Catalog") == 200
        await registrar.until(lambda: registrar.of("Catalog"))
        assert await subscribe(registrar, "Nonsense") == 489


@pytest.mark.parametrize(("name", "result"), [("", "OK"), ("broadcast-refused", "ERROR")])
async def test_broadcast(name: str, result: str) -> None:
    async with registered(*filter(None, [name])) as (registrar, device):
        fields = [e("SourceID", "61010000001360000009"), e("TargetID", DEVICE)]
        await registrar.tell("Notify", "Broadcast", DEVICE, *fields)
        await registrar.until(lambda: registrar.of("Broadcast"))
        assert registrar.of("Broadcast")[0].text("Result") == result
        if name:
            return
        await registrar.until(lambda: registrar.invited)
        invite = registrar.invited[0]
        assert b"m=audio" in invite.request.body
        host, port = registrar.endpoint.address, 40_000
        sdp = invite.request.body.replace(b"recvonly", b"sendonly")
        invite.respond(
            200,
            headers=[
                ("Contact", f"<sip:x@{host}:{port}>"),
                ("Content-Type", "APPLICATION/SDP"),
            ],
            body=sdp,
        )
        loop = asyncio.get_running_loop()
        target = int(sdp.split(b"m=audio ")[1].split(b" ")[0])
        sender, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(device.state.address, target)
        )
        for _ in range(3):
            sender.sendto(b"\x80\x08" + bytes(170))
        async with asyncio.timeout(2):
            while device.broadcasts.packets < 3:
                await asyncio.sleep(0.01)
        sender.close()
