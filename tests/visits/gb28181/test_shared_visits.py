"""The visits ``clock`` and ``online`` of a device of which only the registration is known."""

import asyncio

from tests.visits.gb28181.equipment import bench


def test_a_device_that_only_registers_tells_the_time_and_shows_a_picture():
    async def scenario():
        async with bench() as made:
            clock = await made.visit("clock", of_registration=False)
            assert clock.problem is None
            assert {one["path"] for one in clock.facts["polls"]} == {"gb28181"}
            assert clock.facts["polls"][0]["local"]["year"] > 2000
            online = await made.visit("online", of_registration=False)
            poll = online.facts["polls"][0]
            assert (poll["answers"], poll["authenticates"], poll["picture"]) == (True, True, True)
            assert online.parts["picture.jpg"].read()[:2] == b"\xff\xd8"
            snapshot = await made.visit("snapshot", of_registration=False)
            assert snapshot.problem.code == "visit.needs-onvif"

    asyncio.run(scenario())
