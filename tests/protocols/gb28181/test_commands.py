"""The other commands of the control language: round trips and what is told."""

import dataclasses

import pytest

from protocols.errors import ProtocolError
from protocols.gb28181 import (
    alarms,
    assembly,
    control,
    cruises,
    device,
    notifications,
    ptz,
    records,
    subscriptions,
    typed,
)
from protocols.gb28181 import configuration as config
from protocols.gb28181.manscdp import build_manscdp, parse_manscdp

DEVICE = "34020000001320000001"
SYSTEM = "34020000002000000001"
MOMENT = 1_700_000_000.0
WINDOW = dict.fromkeys(("Length", "Width", "MidPointX", "MidPointY", "LengthX", "LengthY"), 9)


def codes(message_or_read) -> set[str]:
    return {one.code for one in message_or_read.deviations}


def read(reader, body, **more):
    return reader(parse_manscdp(body), **more)


def test_keepalive():
    got = read(
        notifications.read_keepalive,
        notifications.build_keepalive(5, DEVICE, correct=False, faulty=[DEVICE, SYSTEM]),
    )
    assert got == notifications.Keepalive(5, DEVICE, False, (DEVICE, SYSTEM))
    body = build_manscdp("Notify", "Keepalive", 1, DEVICE, {"Status": "ON"})
    odd = read(notifications.read_keepalive, body)
    assert odd.correct is True
    assert codes(odd) == {"value"}
    none = read(notifications.read_keepalive, build_manscdp("Notify", "Keepalive", 1, DEVICE))
    assert none.correct is None
    assert codes(none) == {"field-missing"}


def test_media_status_and_broadcast():
    ended = read(notifications.read_media_status, notifications.build_media_status(1, DEVICE))
    assert (ended.notify_type, ended.deviations) == (121, ())
    body = notifications.build_media_status(1, DEVICE, notify_type=122)
    assert codes(read(notifications.read_media_status, body)) == {"value"}
    asked = read(notifications.read_broadcast, notifications.build_broadcast(2, SYSTEM, DEVICE))
    assert asked == notifications.Broadcast(2, SYSTEM, DEVICE)


def test_positions_of_both_editions():
    one = notifications.Position(MOMENT, 108.9, 34.2, 60.5, 90, 400.0, DEVICE)
    body = notifications.build_mobile_position(1, DEVICE, [one])
    assert read(notifications.read_mobile_position, body).positions == (one,)
    without = notifications.build_mobile_position(1, None, [one])
    assert read(notifications.read_mobile_position, without).deviations == ()
    assert codes(read(notifications.read_mobile_position, without, edition="2022")) == {
        "field-missing"
    }
    two = dataclasses.replace(one, device=SYSTEM, time=MOMENT + 1)
    body = notifications.build_mobile_position(1, DEVICE, [one, two], edition="2022")
    got = read(notifications.read_mobile_position, body, edition="2022")
    assert (got.positions, got.sum_num, got.deviations) == ((one, two), 2, ())


def test_finished_of_2022():
    done = notifications.Finished("DeviceUpgradeResult", 3, DEVICE, "s1", True, "2.0")
    message = parse_manscdp(notifications.build_finished(done))
    assert notifications.read_finished(message) == done
    assert [one.code for one in typed.judge_message(message)] == ["command-of-2022"]
    assert typed.judge_message(message, edition="2022") == ()
    shots = notifications.Finished("UploadSnapShotFinished", 3, DEVICE, "s1", files=("a", "b"))
    assert read(notifications.read_finished, notifications.build_finished(shots)) == shots


def test_device_information_and_status():
    told = device.DeviceInfo(1, DEVICE, True, "北门", "厂商", "X", "V1", 4)
    assert read(device.read_device_info, device.build_device_info(told)) == told
    state = (device.AlarmState("34020000001340000001", "ALARM"),)
    status = device.DeviceStatus(
        2, DEVICE, True, True, False, "disk", True, False, MOMENT, "2023-11-15T06:13:20", state
    )
    assert read(device.read_device_status, device.build_device_status(status)) == status
    lower = device.build_device_status(status, alarm_attribute="num")
    assert read(device.read_device_status, lower).deviations == ()
    wrong = build_manscdp("Response", "DeviceStatus", 1, DEVICE, {"Online": "ON", "Status": "OK"})
    got = read(device.read_device_status, wrong)
    assert got.online is True
    assert codes(got) == {"field-missing", "value"}


@pytest.mark.parametrize(
    ("text", "seconds", "code"),
    [
        ("2023-11-15T06:13:20", MOMENT, None),
        ("2023-11-15T06:13:20.250", MOMENT + 0.25, None),
        ("2023-11-14T22:13:20Z", MOMENT, "time-zone"),
        ("2023-11-15T06:13:20+08:00", MOMENT, "time-zone"),
        ("2023-11-15 06:13:20", MOMENT, "time-form"),
        ("15.11.2023", None, "value-form"),
        ("2023-02-30T00:00:00", None, "value-form"),
    ],
)
def test_times_of_devices(text, seconds, code):
    body = device.build_device_status(device.DeviceStatus(1, DEVICE, device_time_text=text))
    got = read(device.read_device_status, body)
    assert got.device_time == (None if seconds is None else pytest.approx(seconds))
    assert codes(got) == ({code} if code else set())


def test_presets():
    presets = (device.Preset(1, "门"), device.Preset(255, "x"))
    got = read(device.read_presets, device.build_presets(1, DEVICE, presets))
    assert (got.presets, got.num, got.deviations) == (presets, 2, ())
    empty = read(device.read_presets, device.build_presets(1, DEVICE, ()))
    assert (empty.num, empty.deviations) == (0, ())
    twice = device.build_presets(1, DEVICE, [device.Preset(0, "a"), device.Preset(0, "a")])
    assert codes(read(device.read_presets, twice)) == {"value", "item-twice"}


def test_configuration():
    basic = config.BasicParameters("IPC", 3600, 60, 3, 1, 108.9, 34.2)
    options = config.VideoOptions(("1", "2", "4"), ("5", "6"))
    blocks = [("BasicParam", basic.fields()), ("VideoParamOpt", options.fields())]
    got = read(config.read_config_download, config.build_config_download(1, DEVICE, blocks))
    assert (got.basic, got.options, got.types) == (basic, options, ("BasicParam", "VideoParamOpt"))
    assert got.deviations == ()
    assert ("HeartBeatCount", "3") in got.blocks["BasicParam"]
    video = config.VideoAttribute(0, "2", "6", 25.0, "1", 4000.0)
    body = config.build_config_download(
        1, DEVICE, [("VideoParamAttribute", [("Item", video.fields())])]
    )
    assert read(config.read_config_download, body, edition="2022").attributes == (video,)
    assert codes(read(config.read_config_download, body)) == {"config-block"}
    query = config.build_config_query(1, DEVICE, ["BasicParam", "OSDConfig"])
    assert config.read_config_types(parse_manscdp(query)) == ("BasicParam", "OSDConfig")


def test_configuration_of_other_makers():
    odd = [("BasicParamCfg", [("Name", "x"), ("Expiration", 0), ("HeartBeatInterval", 0)])]
    got = read(config.read_config_download, config.build_config_download(1, DEVICE, odd))
    assert got.basic == config.BasicParameters("x", 0, 0)
    assert codes(got) == {"config-block", "value", "field-missing"}
    message = parse_manscdp(config.build_device_config(1, DEVICE, odd))
    assert config.read_config_download(message).correct is None


def test_records_come_together():
    wanted = [
        records.RecordItem(
            DEVICE,
            "北门",
            MOMENT + 60 * i,
            MOMENT + 60 * i + 60,
            f"/r/{i}",
            "A",
            0,
            "time",
            "R",
            1000,
        )
        for i in range(9)
    ]
    taken = assembly.RecordAssembly(4)
    for body in records.split_records(DEVICE, 4, wanted, name="北门", per_message=2):
        assert taken.add(read(records.read_records, body))
    assert taken.complete
    assert list(taken.items) == wanted
    assert taken.deviations == ()
    empty = read(records.read_records, next(iter(records.split_records(DEVICE, 4, []))))
    assert (empty.sum_num, empty.num, empty.deviations) == (0, None, ())


def test_records_are_judged():
    item = records.RecordItem(DEVICE, "", MOMENT, MOMENT - 1, secrecy=None, stream_number=1)
    got = read(records.read_records, records.build_records(DEVICE, 1, [item]))
    assert codes(got) == {"field-missing", "time-order", "element-of-2022"}
    query = records.RecordQuery(MOMENT, MOMENT + 60, "alarm", 0, 1, "/p", "A", "R", 0, "2", "1")
    assert read(records.read_record_query, records.build_record_query(1, DEVICE, query)) == query
    none = build_manscdp("Query", "RecordInfo", 1, DEVICE, {"EndTime": "2023-11-15T06:13:20"})
    assert codes(read(records.read_record_query, none)) == {"field-missing"}


def test_alarms():
    alarm = alarms.Alarm(1, DEVICE, 1, 5, MOMENT, "入侵", 108.9, 34.2, 6, 1, "2023-11-15T06:13:20")
    got = read(alarms.read_alarm, alarms.build_alarm(alarm))
    assert (got, got.type_name) == (alarm, "intrusion")
    wrong = dataclasses.replace(alarm, priority=5, method=2, alarm_type=9, event_type=3)
    assert codes(read(alarms.read_alarm, alarms.build_alarm(wrong))) == {"value"}
    beside = build_manscdp(
        "Notify",
        "Alarm",
        1,
        DEVICE,
        [
            ("AlarmPriority", 1),
            ("AlarmMethod", 2),
            ("AlarmTime", "2023-11-15T06:13:20"),
            ("AlarmType", 1),
        ],
    )
    got = read(alarms.read_alarm, beside)
    assert (got.alarm_type, codes(got)) == (1, {"alarm-type-place"})


def test_conditions_of_alarms():
    wanted = alarms.AlarmConditions((2, 5), (1,), 1, 3, MOMENT, MOMENT + 60)
    for edition, written in (("2016", b">25<"), ("2022", b">2/5<")):
        body = alarms.build_alarm_query(1, DEVICE, wanted, edition=edition)
        assert written in body
        assert read(alarms.read_alarm_query, body, edition=edition) == wanted
    slashed = alarms.build_alarm_query(1, DEVICE, wanted, edition="2022")
    assert codes(read(alarms.read_alarm_query, slashed)) == {"alarm-methods-form"}
    alarm = alarms.Alarm(1, DEVICE, 2, 5, MOMENT + 5, alarm_type=1)
    assert wanted.matches(alarm)
    assert alarms.AlarmConditions().matches(alarm)
    for change in ({"priority": 4}, {"method": 6}, {"time": MOMENT - 1}, {"alarm_type": 2}):
        assert not wanted.matches(dataclasses.replace(alarm, **change))


CONTROLS = {
    "PTZCmd": control.build_ptz(1, DEVICE, ptz.move(pan=50), priority=5),
    "TeleBoot": control.build_reboot(1, DEVICE),
    "RecordCmd": control.build_record(1, DEVICE, True),
    "GuardCmd": control.build_guard(1, DEVICE, False),
    "AlarmCmd": control.build_alarm_reset(1, DEVICE, method="5", alarm_type="2"),
    "IFameCmd": control.build_key_frame(1, DEVICE),
    "DragZoomIn": control.build_drag_zoom(1, DEVICE, WINDOW, zoom_in=True),
    "DragZoomOut": control.build_drag_zoom(1, DEVICE, WINDOW, zoom_in=False),
    "HomePosition": control.build_home_position(1, DEVICE, True, reset_time_s=60, preset=7),
}


@pytest.mark.parametrize("element", CONTROLS)
def test_every_control_of_2016_is_read(element):
    got = read(control.read_control, CONTROLS[element])
    assert (got.element, got.deviations) == (element, ())
    assert got.answered == (element in ("RecordCmd", "GuardCmd", "AlarmCmd", "HomePosition"))


def test_parameters_of_controls():
    turned = read(control.read_control, CONTROLS["PTZCmd"])
    assert turned.ptz == ptz.move(pan=50)
    assert turned.priority == 5
    home = read(control.read_control, CONTROLS["HomePosition"])
    assert [home.number(one) for one in ("Enabled", "ResetTime", "PresetIndex")] == [1, 60, 7]
    assert read(control.read_control, CONTROLS["AlarmCmd"]).parameters["AlarmType"] == "2"
    assert read(control.read_control, CONTROLS["DragZoomIn"]).number("MidPointX") == 9


def test_controls_of_2022_and_their_spelling():
    bodies = [
        control.build_precise(1, DEVICE, pan=10.5, tilt=-3.0, zoom=2.0),
        control.build_upgrade(
            1, DEVICE, firmware="2", file_url="http://a", manufacturer="M", session="s"
        ),
        control.build_format_card(1, DEVICE, 1),
        control.build_target_track(1, DEVICE, "Manual", area=WINDOW),
    ]
    for body in bodies:
        assert codes(read(control.read_control, body)) == {"control-of-2022"}
        assert read(control.read_control, body, edition="2022").deviations == ()
    spelt = control.build_key_frame(1, DEVICE, edition="2022")
    got = read(control.read_control, spelt)
    assert (got.element, codes(got)) == ("IFameCmd", {"control-spelling"})
    assert read(control.read_control, spelt, edition="2022").deviations == ()


def test_wrong_controls_are_told():
    short = read(control.read_control, control.build_ptz(1, DEVICE, "A50F"))
    assert (short.ptz, codes(short)) == (None, {"ptz-length"})
    checksum = read(control.read_control, control.build_ptz(1, DEVICE, "A50F0108003200F0"))
    assert checksum.ptz is not None
    assert not checksum.ptz.checksum_correct
    none = read(control.read_control, control.build_control(1, DEVICE, "HomePosition", []))
    assert codes(none) == {"field-missing"}
    odd = parse_manscdp(control.build_control(1, DEVICE, "Explode", "Now"))
    with pytest.raises(ProtocolError):
        control.read_control(odd)
    assert [one.code for one in typed.judge_message(odd)] == ["control-unknown"]


def test_subscriptions():
    assert subscriptions.parse_event("Catalog;id=7") == subscriptions.Event("Catalog", "7")
    assert str(subscriptions.Event("Catalog", "7")) == "Catalog;id=7"
    judge = subscriptions.judge_event
    assert judge(subscriptions.Event("Catalog", "7"), "Catalog", between_domains=True) == ()
    assert judge(subscriptions.Event("presence"), "Alarm") == ()
    assert judge(subscriptions.Event("presence"), "Catalog", between_domains=True)
    assert judge(subscriptions.Event("dialog"), "Alarm")
    state = subscriptions.SubscriptionState("active", 600)
    assert subscriptions.parse_subscription_state(str(state)) == state
    ended = subscriptions.parse_subscription_state("terminated;reason=timeout")
    assert (ended.state, ended.reason) == ("terminated", "timeout")
    odd = subscriptions.parse_subscription_state("active;expires=60\x1d;retry-after=x")
    assert (odd.expires, codes(odd)) == (60, {"subscription-state"})
    for parse in (subscriptions.parse_event, subscriptions.parse_subscription_state):
        with pytest.raises(ProtocolError):
            parse("")
    body = subscriptions.build_position_query(1, DEVICE, interval_s=10)
    assert subscriptions.read_position_interval(parse_manscdp(body)) == (10, ())
    body = subscriptions.build_position_query(1, DEVICE, interval_s=0)
    assert subscriptions.read_position_interval(parse_manscdp(body))[0] == 5
    assert subscriptions.build_subscription_answer("Alarm", 1, DEVICE, edition="2022") == b""
    for command in ("Alarm", "Catalog", "MobilePosition"):
        answer = subscriptions.build_subscription_answer(command, 1, DEVICE)
        assert typed.judge_message(parse_manscdp(answer)) == ()


def test_queries_of_2022():
    home = cruises.HomePosition(1, DEVICE, True, 60, 1)
    assert read(cruises.read_home_position, cruises.build_home_position_answer(home)) == home
    tracks = (cruises.CruiseTrack(0, "夜"), cruises.CruiseTrack(1, "日"))
    body = cruises.build_cruise_list(1, DEVICE, tracks)
    assert read(cruises.read_cruises, body) == cruises.CruiseTracks(1, DEVICE, tracks, 2)
    track = cruises.CruiseTrack(3, "日", ((1, 10, 5), (2, 10, 5)))
    got = read(cruises.read_cruises, cruises.build_cruise(1, DEVICE, track), number=3)
    assert (got.tracks, got.deviations) == ((track,), ())
    position = cruises.PtzPosition(1, DEVICE, 180.5, -10.0, 4.0, 60.0, 40.0, 100.0)
    assert read(cruises.read_ptz_position, cruises.build_ptz_position(position)) == position
    cards = (cruises.MemoryCard(1, "sd", "formatting", 1000, 10, 50),)
    got = read(cruises.read_memory_cards, cruises.build_memory_cards(1, DEVICE, cards))
    assert (got.cards, got.deviations) == (cards, ())


def test_unknown_commands_and_character_sets_are_judged():
    message = parse_manscdp(build_manscdp("Query", "Weather", 1, DEVICE, charset="UTF-8"))
    assert [one.code for one in typed.judge_message(message)] == ["command-unknown"]
    body = notifications.build_keepalive(1, DEVICE)
    assert typed.judge_message(parse_manscdp(body)) == ()
    named = device.build_device_info(device.DeviceInfo(1, DEVICE, name="门"), charset="UTF-8")
    assert [one.code for one in typed.judge_message(parse_manscdp(named))] == ["charset-of-edition"]
