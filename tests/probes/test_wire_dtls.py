"""DTLS between OpenSSL's own client and server, captured through the recording relay."""

from __future__ import annotations

import asyncio
import shutil

from probes.wire_privacy import measure_wire_privacy
from simulators import certificates
from tests import wire_bench as bench
from visits.wire import WireScope, capture_wire
from visits.wire_relay import Relay, RelayRoute

CAMERA, PLATFORM, RELAY = "127.16.6.1", "127.16.6.2", "127.16.6.3"
SERVER_PORT = 45_443


async def test_dtls_of_openssl_is_encrypted():
    program = shutil.which("openssl")
    assert program, "openssl is needed as the other side"
    certificates.server_context(PLATFORM)
    identity = certificates.authority_file().parent / f"{PLATFORM}-sound.pem"
    server = await asyncio.create_subprocess_exec(
        *(program, "s_server", "-dtls1_2", "-accept", f"{PLATFORM}:{SERVER_PORT}"),
        *("-cert", str(identity), "-key", str(identity)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    relay = Relay((RelayRoute("udp", (RELAY, 0), (PLATFORM, SERVER_PORT)),))

    async def talk() -> None:
        assert server.stdout is not None
        while b"ACCEPT" not in await server.stdout.readline():
            pass
        host, port = relay.ports[0]
        client = await asyncio.create_subprocess_exec(
            *(program, "s_client", "-dtls1_2", "-connect", f"{host}:{port}"),
            *("-bind", f"{CAMERA}:0", "-quiet", "-no_ign_eof"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert client.stdin is not None
        line = bench.noise(500).hex().encode() + b"\n"
        for _ in range(100):
            client.stdin.write(line)
            await client.stdin.drain()
            await asyncio.wait_for(server.stdout.readuntil(line), 10)
        await asyncio.sleep(1.1)  # video lasts; one burst would be too short to be any
        for _ in range(20):
            client.stdin.write(line)
            await client.stdin.drain()
            await asyncio.wait_for(server.stdout.readuntil(line), 10)
        client.terminate()
        await client.wait()

    try:
        recording = await capture_wire("P1", WireScope(CAMERA, (PLATFORM,)), relay, 30, during=talk)
    finally:
        server.terminate()
        await server.wait()
    measured = measure_wire_privacy(recording)
    flow = bench.flow(measured)
    assert (flow["class"], flow["version"], flow["judgement"]) == ("dtls", "DTLS 1.2", "protected")
    assert (measured.value, measured.spoilt) == ("encrypted", None)
