import asyncio

from protocols.sip.capture import read_conversation
from tests.visits.gb28181.equipment import bench, steps


def test_over_tls_nothing_spoilt_is_obeyed_and_no_stranger_believed():
    async def scenario():
        async with bench(transport="tls") as made:
            recording = await made.visit("protection")
            assert recording.problem is None
            assert recording.facts["transport"] == "tls"
            tampered, forged = steps(recording, "tampered")
            assert (tampered["obeyed"], tampered["closed"]) == (False, True)
            assert forged["obeyed"] is False
            assert [one["obeyed"] for one in steps(recording, "replayed")] == [False] * 3
            assert steps(recording, "foreign-certificate")[0]["registered_over_it"] is False
            assert recording.facts["device"]["address"] == made.state.address
            talk = read_conversation(recording.parts["conversation.pcapng"].read())
            assert {one.transport for one in talk} == {"tls"}
            assert {one.remote[0] for one in talk} == {made.state.address}
            assert made.platform.device(made.id).is_registered

    asyncio.run(scenario())


def test_live_video_comes_encrypted_when_the_signalling_is():
    async def scenario():
        async with bench(transport="tls") as made:
            recording = await made.visit("live")
            assert [one["problem"] for one in steps(recording, "live")] == [None] * 3
            assert [one["srtp"] for one in steps(recording, "live")] == [True] * 3
            assert [one["not_protected"] for one in steps(recording, "live")] == [0] * 3

    asyncio.run(scenario())


def test_over_udp_a_forged_question_is_answered():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("protection")
            assert [one["channel"] for one in steps(recording, "tampered")] == ["datagram"]
            assert steps(recording, "tampered")[0]["obeyed"]

    asyncio.run(scenario())


def test_a_copy_with_a_branch_of_its_own_is_told_from_a_retransmission():
    async def scenario():
        behaviours = ("replay-accepted-in-new-transaction",)
        async with bench(*behaviours, transport="tls") as made:
            recording = await made.visit("protection")
            replayed = {one["channel"]: one["obeyed"] for one in steps(recording, "replayed")}
            assert replayed == {"tls": False, "datagram": False, "datagram-new-transaction": True}

    asyncio.run(scenario())
