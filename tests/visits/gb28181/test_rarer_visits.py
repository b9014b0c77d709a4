import asyncio

from assessment.recording import Recording
from probes.gb28181.control import measure_control
from tests.visits.gb28181.equipment import bench, steps, warm


def test_guard_and_recording_are_switched_and_read_back():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("control")
            assert recording.problem is None
            what = [one["what"] for one in steps(recording, "command")]
            switched = ["guard-set", "guard-reset", "record-start", "record-stop"]
            assert sorted(what[-4:]) == sorted(switched)
            assert {"left", "preset-call", "bad-checksum", "home-position"} <= set(what)
            due = [one for one in steps(recording, "command") if "answered" in one]
            assert len(due) == 6
            assert all(one["answered"] and one["result"] == "OK" for one in due)
            assert steps(recording, "live")[0]["problem"] is None
            assert recording.facts["ptz_type"]
            assert "reboot" not in what

    asyncio.run(scenario())


def test_with_leave_a_patrol_is_begun_and_the_device_restarted():
    expected = {
        "gb-restart-with-farewell": (None, "there-and-back", "done"),
        "patrol-ignored": ("gb-control.patrol-ignored", "still", "done"),
        "restart-ignored": ("gb-control.restart-ignored", "there-and-back", "ignored"),
    }

    async def visited(behaviour: str) -> Recording:
        async with bench(behaviour, intrusive=True) as made:
            recording = await made.visit("control")
            head = made.device.memory.head(recording.facts["channel"])
            assert head.cruises == head.presets == {}, "what was set is deleted"
            return recording

    async def scenario():
        return await asyncio.gather(*map(visited, expected))

    warm()

    for recording, (behaviour, wanted) in zip(
        asyncio.run(scenario()), expected.items(), strict=True
    ):
        measured = measure_control(recording)
        found = [one["code"] for one in measured.details["reasons"]]
        assert found == [wanted[0]] * bool(wanted[0]), behaviour
        assert (measured.details["patrol"], measured.details["restart"]) == wanted[1:], behaviour


def test_an_alarm_that_gets_no_answer_is_repeated():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("alarm")
            assert recording.problem is None
            assert steps(recording, "subscribe")[0]["status"] == 200
            notified = steps(recording, "notified")[0]
            assert notified["at"] is not None
            assert notified["via"] in ("MESSAGE", "NOTIFY")
            withhold = steps(recording, "withhold")[0]
            assert withhold["repeated_at"] > notified["at"]
            assert steps(recording, "raise")[0]["by"] == "rig"

    asyncio.run(scenario())


def test_the_clock_is_shifted_only_with_leave_and_put_right_again():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("clock")
            assert recording.problem.code == "visit.needs-intrusive"
        async with bench(intrusive=True) as made:
            recording = await made.visit("clock")
            assert recording.problem is None
            told = steps(recording, "device-status")
            offsets = [round(one["told"] - one["received"]) for one in told]
            assert abs(offsets[0] - 30) <= 2
            assert abs(offsets[1]) <= 2

    asyncio.run(scenario())


def test_a_lens_is_driven_there_and_back_by_registration():
    async def scenario():
        async with bench(intrusive=True) as made:
            return await made.visit("lens", of_registration=False)

    recording = asyncio.run(scenario())
    assert recording.problem is None
    what = [one["what"] for one in steps(recording, "command")]
    assert what == ["zoom-in", "stop", "zoom-out", "stop"]
    assert recording.facts["move"]["accepted"] is True
    assert recording.facts["restored"] is True
    looks = recording.facts["looks"]
    assert looks["before"] < looks["near"] < looks["back"]
