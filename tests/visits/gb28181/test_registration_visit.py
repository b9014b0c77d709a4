import asyncio

from protocols.sip.capture import read_conversation
from tests.visits.gb28181.equipment import bench, steps


def test_a_device_that_behaves_is_seen_to_do_all_of_it():
    async def scenario():
        async with bench() as made:
            recording = await made.visit("registration")
            assert recording.problem is None
            facts = recording.facts
            names = [one["name"] for one in facts["steps"]]
            assert names == [
                "initial", "forget", "stale-nonce", "refuse", "accept", "catalog", "refresh",
                "unregister", "return",
            ]  # fmt: skip
            assert steps(recording, "forget")[0]["answered"] == 403
            assert steps(recording, "forget")[0]["registered_again"]
            assert steps(recording, "stale-nonce")[0]["registered_again"]
            assert steps(recording, "refuse")[0]["tries"] >= 2
            assert steps(recording, "refresh")[0]["refreshed"]
            assert steps(recording, "unregister")[0]["unregistered"]
            assert steps(recording, "return")[0]["registered"]
            assert all(one["correct"] and one["weak"] is None for one in facts["answers"])
            content = recording.parts["conversation.pcapng"].read()
            assert b"REGISTER sip:" in content
            methods = [one.data.split(b" ")[0] for one in read_conversation(content)]
            assert methods[:4] == [b"REGISTER", b"SIP/2.0", b"REGISTER", b"SIP/2.0"]
            assert facts["device"]["transport"] == "udp"

    asyncio.run(scenario())


def test_without_a_rig_nobody_unregisters_it():
    async def scenario():
        async with bench(rig=False, password="12345") as made:
            recording = await made.visit("registration")
            assert steps(recording, "unregister")[0]["by"] == "none"
            assert steps(recording, "return")[0]["registered"]
            assert {one["weak"] for one in recording.facts["answers"]} == {"factory-1"}

    asyncio.run(scenario())


def test_a_device_with_another_password_is_not_registered():
    async def scenario():
        async with bench(declared="another") as made:
            recording = await made.visit("registration")
            assert recording.problem.code == "visit.not-registered"
            assert not any(one["correct"] for one in recording.facts["answers"])

    asyncio.run(scenario())
