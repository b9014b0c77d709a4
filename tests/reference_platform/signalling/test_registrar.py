from __future__ import annotations

import random
import re
from types import SimpleNamespace

import pytest

from protocols.http_digest import authorization, parse_challenges
from protocols.sip.authentication import authorise
from protocols.sip.dates import parse_gb_date
from protocols.sip.endpoint import SipEndpoint
from protocols.time_source import VirtualTime
from reference_platform.errors import PlatformError
from reference_platform.signalling.greeting import Greeting
from tests.reference_platform.signalling.bench import (
    CAMERA,
    KNOWN,
    PASSWORD,
    MemoryDirectory,
    addresses,
    camera,
    serving,
)


class Phone:
    """A user agent that registers step by step."""

    def __init__(self, server, address=""):
        self.server = server
        self.asked = []
        self.endpoint = SipEndpoint(
            address or addresses()[1], 0, on_request=lambda one: one.respond(200)
        )

    async def __aenter__(self):
        await self.endpoint.start()
        return self

    async def __aexit__(self, *_):
        await self.endpoint.stop()

    def request(self, user=CAMERA, expires="3600", sender="", **headers):
        own = f"<sip:{user}@{self.endpoint.address}:{self.endpoint.port}>"
        return self.endpoint.new_request(
            "REGISTER",
            f"sip:{self.server.settings.server_id}@{self.server.realm}",
            from_=f"<sip:{sender or user}@{self.server.realm}>",
            to=f"<sip:{user}@{self.server.realm}>",
            contact=own,
            headers=[("Expires", expires), *headers.items()],
        )

    async def send(self, request):
        peer = await self.endpoint.connect(
            self.server.settings.address, self.server.endpoint.port, "udp"
        )
        return await self.endpoint.request(request, peer, timeout=3.0)

    async def register(self, password=PASSWORD, user=CAMERA, **more):
        request = self.request(user, **more)
        challenge = await self.send(request)
        assert challenge.status == 401
        proof = authorise(request, challenge, user, password, rng=random.Random(1))
        return await self.send(proof)


async def test_accepts_the_right_password_and_tells_beijing_time():
    time = VirtualTime(1_790_000_000.0)
    directory = MemoryDirectory([KNOWN])
    async with serving(directory, time_source=time) as server, Phone(server) as phone:
        answer = await phone.register()
        assert answer.status == 200
        assert answer.headers.get("Expires") == "3600"
        told, deviation = parse_gb_date(answer.headers.get("Date"))
        assert (told, deviation) == (1_790_000_000.0, None)
        await directory.until(lambda: (CAMERA, True, "registered") in directory.told)


@pytest.mark.parametrize(
    ("user", "password", "why"),
    [(CAMERA, "wrong", "wrong-password"), ("61010200001320009999", PASSWORD, "unknown")],
)
async def test_refuses_strangers_and_wrong_passwords_alike(user, password, why):
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, Phone(server) as phone:
        answer = await phone.register(password, user)
        assert answer.status == 403
        assert answer.headers.get("Retry-After")
        assert directory.refusals == [(user, why)]
        assert directory.told == []
        await phone.register(password, user)
        assert len(directory.refusals) == 1, "a device that knocks again is noted once a minute"


async def test_whoever_guesses_passwords_is_not_listened_to_for_a_minute():
    time = VirtualTime()
    async with (
        serving(MemoryDirectory([KNOWN]), time_source=time) as server,
        Phone(server) as guessing,
        Phone(server) as true,
    ):
        for number in range(10):
            assert (await guessing.register(f"guess {number}")).status == 403
        assert (await guessing.register()).status == 403, "also the right one"
        assert (await true.register()).status == 200, "the device itself is elsewhere"
        time.advance(61)
        server.devices.unregister(CAMERA)
        assert (await guessing.register()).status == 200


async def test_another_id_in_from_is_refused():
    async with serving(MemoryDirectory([KNOWN])) as server, Phone(server) as phone:
        answer = await phone.send(phone.request(sender="61010200001320009999"))
        assert answer.status == 403


async def test_old_and_used_nonces_are_stale():
    time = VirtualTime()
    async with (
        serving(MemoryDirectory([KNOWN]), time_source=time) as server,
        Phone(server) as phone,
    ):
        request = phone.request()
        challenge = await phone.send(request)
        proof = authorise(request, challenge, CAMERA, PASSWORD, rng=random.Random(1))
        assert (await phone.send(proof)).status == 200
        proof.headers.set("CSeq", "9 REGISTER")
        again = await phone.send(proof)
        assert again.status == 401
        assert "stale=true" in again.headers.get("WWW-Authenticate").lower()
        time.advance(61)
        proof = authorise(request, again, CAMERA, PASSWORD, rng=random.Random(1))
        late = await phone.send(proof)
        assert "stale=true" in late.headers.get("WWW-Authenticate").lower()


async def test_a_device_of_2022_may_prove_itself_by_sha_256():
    async with serving(MemoryDirectory([KNOWN])) as server, Phone(server) as phone:
        request = phone.request(**{"X-GB-Ver": "3.0"})
        challenge = await phone.send(request)
        offered = parse_challenges(challenge.headers.get_all("WWW-Authenticate"))
        assert [one.algorithm for one in offered] == ["SHA-256", "MD5"]
        for number, one in enumerate(offered):
            proof = authorise(request, challenge, CAMERA, PASSWORD, rng=random.Random(1))
            value = authorization(one, CAMERA, PASSWORD, "REGISTER", request.uri, client_nonce="1")
            proof.headers.set("Authorization", value)
            proof.headers.set("CSeq", f"{10 + number} REGISTER")
            assert (await phone.send(proof)).status == (200 if number == 0 else 401)


async def test_a_second_device_with_the_same_id_is_refused_while_the_first_lives():
    time = VirtualTime()
    directory = MemoryDirectory([KNOWN])
    async with (
        serving(directory, time_source=time) as server,
        Phone(server) as first,
        Phone(server) as second,
    ):
        assert (await first.register()).status == 200
        assert (await second.register()).status == 403
        assert directory.refusals == [(CAMERA, "second-device")]
        assert server.devices.get(CAMERA).peer.host == first.endpoint.address
        time.advance(1.0)  # three keepalives are missed
        assert (await second.register()).status == 200


async def test_a_refreshed_registration_is_the_same_device():
    """Sessions and subscriptions hold on to it, and find it where it is now."""
    time = VirtualTime()
    directory = MemoryDirectory([KNOWN])
    async with (
        serving(directory, time_source=time, keepalive_s=60.0) as server,
        Phone(server) as phone,
    ):
        await phone.register(expires="100")
        device = server.devices.online(CAMERA)
        time.advance(70)
        await phone.register(expires="100")
        assert server.devices.online(CAMERA) is device
        time.advance(70)
        server.sweep()
        assert device.online
        assert len(directory.told) == 1


async def test_expiry_and_silence_put_a_device_offline_for_good():
    time = VirtualTime()
    directory = MemoryDirectory([KNOWN])
    async with (
        serving(directory, time_source=time, keepalive_s=60.0) as server,
        Phone(server) as phone,
    ):
        assert (await phone.register(expires="100")).status == 200
        time.advance(101)
        server.sweep()
        await directory.until(lambda: (CAMERA, False, "expired") in directory.told)
        assert (await phone.register()).status == 200
        time.advance(179)
        server.sweep()
        assert server.devices.online(CAMERA)
        time.advance(1)
        server.sweep()
        assert not server.devices.online(CAMERA)
        await directory.until(lambda: (CAMERA, False, "silent") in directory.told)
        assert [one[1] for one in directory.told] == [True, False, True, False]


async def test_a_keepalive_of_an_offline_device_makes_it_register_anew():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server):
        await directory.until(lambda: server.devices.online(CAMERA))
        server.devices.get(CAMERA).expires_at = 0.0
        server.sweep()
        await directory.until(lambda: len(directory.told) == 3)
        assert [one[1:] for one in directory.told] == [
            (True, "registered"),
            (False, "expired"),
            (True, "registered"),
        ]


async def test_unregistering_is_noted():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server) as device:
        await directory.until(lambda: server.devices.online(CAMERA))
        await device.set_registration(False)
        await directory.until(lambda: (CAMERA, False, "unregistered") in directory.told)


async def test_what_was_not_told_yet_is_told_at_the_end():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server):
        await directory.until(lambda: directory.told)
        server.devices.unregister(CAMERA)
        assert len(directory.told) == 1
    assert directory.told[1:] == [(CAMERA, False, "unregistered")]


async def test_flapping_is_recorded_each_time():
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, camera(server) as device:
        for number in range(1, 6):
            await directory.until(lambda n=number: len(directory.told) == 2 * n - 1)
            await device.set_registration(False)
            await directory.until(lambda n=number: len(directory.told) == 2 * n)
            await device.set_registration(True)


async def test_messages_from_elsewhere_are_not_believed():
    """Somebody at another address who knows the id neither keeps it alive nor raises alarms."""
    directory = MemoryDirectory([KNOWN])
    async with serving(directory) as server, Phone(server) as first, Phone(server) as other:
        await first.register()
        body = (
            b"<?xml version='1.0'?><Notify><CmdType>Keepalive</CmdType><SN>1</SN>"
            b"<DeviceID>%s</DeviceID><Status>OK</Status></Notify>" % CAMERA.encode()
        )
        for phone, status in ((first, 200), (other, 403)):
            request = phone.request()
            made = phone.endpoint.new_request(
                "MESSAGE",
                request.uri,
                from_=re.sub(";tag.*", "", request.headers.get("From")),
                to=request.headers.get("To"),
                content_type="Application/MANSCDP+xml",
                body=body,
            )
            assert (await phone.send(made)).status == status


@pytest.mark.parametrize("count", [300])
async def test_a_storm_of_registrations(count):
    known = [
        type(KNOWN)(f"6101020000132{number:07d}", password=PASSWORD) for number in range(count)
    ]
    directory = MemoryDirectory(known)
    async with serving(directory, keepalive_s=60.0) as server, Phone(server) as phone:
        for one in known:
            assert (await phone.register(user=one.id)).status == 200
        assert len(server.devices) == count
        await directory.until(lambda: len(directory.told) == count)


# Defects: each changes exactly what it names.


async def test_date_in_utc():
    time = VirtualTime(1_790_000_000.0)
    directory = MemoryDirectory([KNOWN])
    async with (
        serving(directory, "date-in-utc", time_source=time) as server,
        Phone(server) as phone,
    ):
        answer = await phone.register()
        assert parse_gb_date(answer.headers.get("Date"))[0] == 1_790_000_000.0 - 28_800


@pytest.mark.parametrize(
    ("behaviour", "user", "password", "status"),
    [
        ("accepts-any-digest", CAMERA, "wrong", 200),
        ("accepts-any-digest", "61010200001320009999", "wrong", 403),
        ("accepts-unknown-device", CAMERA, "wrong", 403),
        ("accepts-unknown-device", "61010200001320009999", "wrong", 200),
    ],
)
async def test_who_a_careless_registrar_lets_in(behaviour, user, password, status):
    async with serving(MemoryDirectory([KNOWN]), behaviour) as server, Phone(server) as phone:
        assert (await phone.register(password, user)).status == status


async def test_never_expires_heartbeats():
    time = VirtualTime()
    async with (
        serving(MemoryDirectory([KNOWN]), "never-expires-heartbeats", time_source=time) as server,
        Phone(server) as phone,
    ):
        await phone.register()
        time.advance(100_000)
        server.sweep()
        assert server.devices.online(CAMERA)


async def test_a_catalogue_that_did_not_come_is_asked_for_again(monkeypatch):
    asked = []

    async def late(device, *_):
        asked.append(device.id)
        if len(asked) < 3:
            raise PlatformError("source.timeout", 504)
        return (), True

    async def nothing(*_):
        return None

    device = SimpleNamespace(id="61010200001320000001", charset="GB2312")
    server = SimpleNamespace(
        devices=SimpleNamespace(online=lambda _: device),
        next_sn=lambda: 1,
        asking=SimpleNamespace(catalogue=late),
        directory=SimpleNamespace(catalogue=nothing),
    )
    greeting = Greeting(server)
    monkeypatch.setattr(greeting, "_rest", nothing)
    monkeypatch.setattr("reference_platform.signalling.greeting._AGAIN_S", (0.0,) * 5)
    await greeting.greet(device)
    assert len(asked) == 3
