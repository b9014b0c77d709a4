import asyncio

from tests.visits.gb28181.equipment import bench, steps


def test_a_record_is_found_played_and_downloaded():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("records")
            assert recording.problem is None
            assert recording.facts["records"] > 0
            playback, download = steps(recording, "playback")[0], steps(recording, "download")[0]
            assert (playback["problem"], download["problem"]) == (None, None)
            assert [one["status"] for one in steps(recording, "scale")] == [200] * 3
            assert steps(recording, "seek")[0]["status"] == 200
            ends = steps(recording, "file-end")
            assert all(one["media_status_at"] is not None for one in ends)
            assert download["filesize"] > 0
            assert len(recording.parts["media-2.pcap"].read()) > 1000

    asyncio.run(scenario())


def test_the_platform_speaks_and_the_device_invites_it():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("broadcast")
            assert recording.problem is None
            broadcast = steps(recording, "broadcast")[0]
            assert (broadcast["result"], broadcast["invited"]) == ("OK", True)
            assert broadcast["sent_packets"] >= 40
            assert broadcast["problem"] is None

    asyncio.run(scenario())


def test_a_lower_platform_lists_what_it_has_and_shows_a_picture():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("platform")
            assert recording.facts["platform"]["registered"]
            assert steps(recording, "catalog")[0]["listed"]
            assert steps(recording, "picture")[0]["first_packet_at"] is not None

    asyncio.run(scenario())
