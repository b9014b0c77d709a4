import asyncio
import shutil
import ssl

import pytest

from simulators import certificates

ADDRESS = "127.11.1.1"


async def _serve(defect: str) -> asyncio.Server:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = certificates.server_context(ADDRESS, defect=defect)
    return await asyncio.start_server(answer, ADDRESS, 0, ssl=context)


async def _openssl(port: int) -> str:
    assert shutil.which("openssl"), "this test needs the tool openssl"
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"{ADDRESS}:{port}", "-verify_ip", ADDRESS),
        *("-CAfile", str(certificates.authority_file())),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    return output.decode()


@pytest.mark.parametrize(
    ("defect", "expected"),
    [
        ("", "Verify return code: 0 (ok)"),
        ("expired", "certificate has expired"),
        ("wrong-host", "IP address mismatch"),
    ],
)
async def test_openssl_judges_the_certificate(defect: str, expected: str) -> None:
    server = await _serve(defect)
    async with server:
        assert expected in await _openssl(server.sockets[0].getsockname()[1])


async def test_python_trusts_it_only_by_the_authority() -> None:
    server = await _serve("")
    async with server:
        port = server.sockets[0].getsockname()[1]
        trusting = ssl.create_default_context(cafile=str(certificates.authority_file()))
        _, writer = await asyncio.open_connection(ADDRESS, port, ssl=trusting)
        writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(ADDRESS, port, ssl=ssl.create_default_context())


def test_unknown_defect_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown"):
        certificates.server_context(ADDRESS, defect="melted")


def test_behaviours_choose_the_defect() -> None:
    assert certificates.behaviour_defect({certificates.EXPIRED}) == "expired"
    assert certificates.behaviour_defect({certificates.WRONG_HOST}) == "wrong-host"
    assert certificates.behaviour_defect(set()) == ""
