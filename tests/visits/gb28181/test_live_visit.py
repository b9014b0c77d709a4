import asyncio

from protocols.mpeg_ps.demultiplex import demultiplex
from protocols.pcap import read_capture
from protocols.rtp_stream import payload_of_packets, read_packets
from tests.visits.gb28181.equipment import bench, steps


def test_live_video_comes_by_each_transport():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("live")
            assert recording.problem is None
            live = steps(recording, "live")
            assert [one["transport"] for one in live] == [
                "udp", "tcp-device-active", "tcp-device-passive",
            ]  # fmt: skip
            for one in live:
                assert (one["problem"], one["status"], one["bye_status"]) == (None, 200, 200)
                frames = read_capture(recording.parts[one["part"]].read())
                packets = read_packets(frame.data[28:] for frame in frames)
                streams = demultiplex(payload_of_packets(packets).data)
                assert streams.access_units[0].key
                assert packets[0].ssrc == one["ssrc"]

    asyncio.run(scenario())
