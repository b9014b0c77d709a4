import asyncio
import os
import re
import shutil
from contextlib import asynccontextmanager

import pytest

from protocols.errors import ProtocolError
from protocols.ntp_endpoints import query_ntp
from protocols.time_source import SystemTime
from simulators.ntp_server import NtpServer
from targets.ntp import host_reference

ADDRESS = "127.15.6.1"


@asynccontextmanager
async def upstream(*behaviours, address=ADDRESS):
    server = NtpServer(address, 0, behaviours=behaviours)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def ask(server, **settings):
    return await query_ntp(server.address, server.port, time_source=SystemTime(), **settings)


async def test_an_honest_server():
    async with upstream() as server:
        sample = await ask(server)
    assert abs(sample.offset_s) <= sample.error_s < 0.05
    assert sample.stratum == 1


async def test_a_deep_server_vouches_for_less():
    async with upstream("ntp-stratum-10") as server:
        sample = await ask(server)
    assert 0.03 <= sample.error_s < 0.08


@pytest.mark.parametrize("behaviour", ["ntp-stratum-0", "ntp-not-synchronised"])
async def test_an_unfit_server_is_refused(behaviour):
    async with upstream(behaviour) as server:
        with pytest.raises(ProtocolError):
            await ask(server, tries=1)


async def test_no_answer_is_a_timeout():
    async with upstream("ntp-no-answer") as server:
        with pytest.raises(TimeoutError):
            await ask(server, timeout_s=0.1, tries=2)
        assert len(server.requests) == 2
        assert server.sync_events("127.0.0.1")[0]["what"] == "ntp-request"


async def test_nothing_listens():
    with pytest.raises(OSError):
        await query_ntp(ADDRESS, 9, time_source=SystemTime(), timeout_s=0.2, tries=1)


async def test_the_server_survives_garbage():
    async with upstream() as server:
        assert server.answer(b"", "127.0.0.1") is None
        assert server.answer(b"\xff" * 48, "127.0.0.1") is None
        assert server.answer(b"\x24" + b"\0" * 47, "127.0.0.1") is None


async def test_two_honest_servers_outvote_a_liar():
    async with (
        upstream() as first,
        upstream(address="127.15.6.2") as second,
        upstream("ntp-falseticker", address="127.15.6.3") as liar,
    ):
        servers = [f"{server.address}:{server.port}" for server in (first, second, liar)]
        reference = await host_reference(servers)
        assert reference.source == "ntp"
        assert reference.servers == (2, 3)
        assert reference.error_s < 0.05
        alone = await host_reference(servers[1:])
        assert alone.source != "ntp"


async def test_without_servers_nothing_but_the_kernel_vouches():
    reference = await host_reference([])
    assert reference.source in ("kernel", "unknown")
    assert (reference.error_s is None) == (reference.source == "unknown")


async def chronyd(*arguments, timeout_s=20.0):
    program = shutil.which("chronyd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        pytest.fail("chronyd is missing: install the Debian package chrony")
    return await asyncio.create_subprocess_exec(
        program,
        "-U",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C"},
    )


async def as_chronyd_sees(server):
    process = await chronyd(
        "-Q", "-t", "2", f"server {server.address} port {server.port} iburst maxsamples 1"
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode, output.decode()


async def test_chronyd_takes_the_time_of_our_server():
    async with upstream() as server:
        code, output = await as_chronyd_sees(server)
    assert code == 0, output
    wrong = float(re.search(r"System clock wrong by (-?[\d.]+) seconds", output)[1])
    assert abs(wrong) < 0.02


async def test_chronyd_sees_the_falseticker():
    async with upstream("ntp-falseticker") as server:
        code, output = await as_chronyd_sees(server)
    assert code == 0, output
    wrong = float(re.search(r"System clock wrong by (-?[\d.]+) seconds", output)[1])
    assert wrong == pytest.approx(5.0, abs=0.02)


@pytest.mark.parametrize("behaviour", ["ntp-stratum-0", "ntp-not-synchronised", "ntp-no-answer"])
async def test_chronyd_refuses_an_unfit_server(behaviour):
    async with upstream(behaviour) as server:
        code, output = await as_chronyd_sees(server)
        assert server.requests
    assert code != 0, output


async def test_we_take_the_time_of_a_chronyd(tmp_path):
    port = 11_923
    process = await chronyd(
        "-d",
        "-x",
        "-f",
        "/dev/null",
        "local stratum 3",
        "allow 127.0.0.0/8",
        f"port {port}",
        "bindaddress 127.15.6.9",
        "cmdport 0",
        "bindcmdaddress /",
        f"pidfile {tmp_path}/pid",
    )
    try:
        for _ in range(40):
            try:
                sample = await query_ntp(
                    "127.15.6.9", port, time_source=SystemTime(), timeout_s=0.25, tries=1
                )
                break
            except (OSError, ProtocolError):
                await asyncio.sleep(0.05)
        else:
            pytest.fail("chronyd does not serve")
    finally:
        process.terminate()
        await process.wait()
    assert sample.stratum == 3
    assert abs(sample.offset_s) <= sample.error_s < 0.1
