"""The wire to users: TLS 1.2 and newer, a chain that verifies, plain HTTP that only leads there."""

from __future__ import annotations

import asyncio
import ssl
import warnings

import aiohttp
import pytest
from cryptography import x509

from reference_platform.certificates import certificate_files
from reference_platform.platform import Platform
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import Client, settings_for


async def handshake(
    platform: Platform, *, version: str = "TLSv1_3", ciphers: str = "", verify: bool = True
) -> str:
    """What a client that offers only this gets: the protocol, or the failure's name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.create_default_context(cafile=platform.certificate.authority)
        if ciphers:
            context.set_ciphers(ciphers)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        address = platform.settings.address
        try:
            _, writer = await asyncio.open_connection(
                address, platform.https_port, ssl=context, server_hostname=address
            )
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
        except (ssl.SSLError, ConnectionError) as error:
            return type(error).__name__
        found = str(writer.get_extra_info("cipher")[0])
        writer.close()
        await writer.wait_closed()
        return found


async def test_only_modern_tls_with_forward_secrecy(new_platform: StartPlatform) -> None:
    platform = await new_platform()
    assert (await handshake(platform)).startswith("TLS_")
    assert (await handshake(platform, version="TLSv1_2")).startswith("ECDHE-ECDSA-AES")
    old = "DEFAULT:@SECLEVEL=0"
    for version in ("TLSv1", "TLSv1_1"):
        assert "Error" in await handshake(platform, version=version, ciphers=old)
    for ciphers in ("ECDHE-ECDSA-NULL-SHA", "AECDH-AES128-SHA", "ECDHE-ECDSA-AES128-SHA"):
        weak = f"{ciphers}:@SECLEVEL=0"
        assert "Error" in await handshake(platform, version="TLSv1_2", ciphers=weak)


async def test_plain_http_only_leads_to_https(new_platform: StartPlatform) -> None:
    platform = await new_platform(http_port=0)
    address, port = platform.settings.address, platform.http_port
    async with aiohttp.ClientSession() as session:
        for path, location in (
            ("/", "/"),
            ("/api/channels?x=1&y=%20", "/api/channels?x=1&y=%20"),
            ("//elsewhere.example/", "//elsewhere.example/"),
        ):
            async with session.get(
                f"http://{address}:{port}{path}", allow_redirects=False
            ) as answer:
                assert answer.status == 308
                assert answer.headers["Location"] == platform.https_url + location
                assert await answer.read() == b""
        async with session.post(
            f"http://{address}:{port}/api/login", json={}, allow_redirects=False
        ) as answer:
            assert answer.status == 308
        odd = {"Host": "x\\y"}
        async with session.get(
            f"http://{address}:{port}/", headers=odd, allow_redirects=False
        ) as answer:
            assert answer.headers["Location"] == f"{platform.https_url}/"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"ws://{address}:{port}/api/events")


async def test_tls10_accepted(new_platform: StartPlatform) -> None:
    platform = await new_platform("tls10-accepted")
    old = "DEFAULT:@SECLEVEL=0"
    assert "Error" not in await handshake(platform, version="TLSv1", ciphers=old)
    assert (await handshake(platform)).startswith("TLS_")


async def test_weak_cipher(new_platform: StartPlatform) -> None:
    platform = await new_platform("weak-cipher")
    weak = "ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"
    assert "NULL" in await handshake(platform, version="TLSv1_2", ciphers=weak)
    old = "DEFAULT:@SECLEVEL=0"
    assert "Error" in await handshake(platform, version="TLSv1_1", ciphers=old)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [("expired-certificate", "expired"), ("wrong-host-certificate", "mismatch")],
)
async def test_a_certificate_that_should_not_verify(
    new_platform: StartPlatform, behaviour: str, said: str
) -> None:
    platform = await new_platform(behaviour)
    assert said in await handshake(platform)
    assert (await handshake(platform, verify=False)).startswith("TLS_")


async def test_http_open(new_platform: StartPlatform) -> None:
    platform = await new_platform("http-open", http_port=0)
    async with aiohttp.ClientSession() as session:
        url = f"http://{platform.settings.address}:{platform.http_port}/api/me"
        async with session.get(url, allow_redirects=False) as answer:
            assert answer.status == 401


async def test_plain_websocket(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("plain-websocket", http_port=0)
    admin = await client(platform)
    base = f"{platform.settings.address}:{platform.http_port}"
    bearer = {"Authorization": f"Bearer {admin.token}"}
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"ws://{base}/api/events", headers=bearer) as socket:
            platform.events.publish("note")
            assert (await socket.receive_json())["type"] == "note"
        async with session.get(f"http://{base}/api/me", allow_redirects=False) as answer:
            assert answer.status == 308


def test_the_certificate_is_kept_and_renewed_when_addresses_change(tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = settings_for(tmp_path, "127.41.0.1")
    files = certificate_files(settings)
    assert files.authority is not None
    first, authority = files.certificate.read_bytes(), files.authority.read_bytes()
    assert files.key.stat().st_mode & 0o077 == 0
    certificate_files(settings)
    assert files.certificate.read_bytes() == first
    certificate_files(settings_for(tmp_path, "127.41.0.2"))
    leaf, above = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    assert files.certificate.read_bytes() != first
    assert files.authority.read_bytes() == authority
    leaf.verify_directly_issued_by(above)
    certificate_files(settings_for(tmp_path, "0.0.0.0"))
    names = x509.load_pem_x509_certificates(files.certificate.read_bytes())[0].extensions
    held = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in held.get_values_for_type(x509.DNSName)


async def test_platforms_stand_side_by_side(new_platform: StartPlatform, client: People) -> None:
    platforms = [await new_platform() for _ in range(3)]
    admins = [await client(platform) for platform in platforms]
    await admins[0].ok("POST", "/api/organisations", {"name": "only here"})
    counts = [len(await admin.ok("GET", "/api/organisations")) for admin in admins]
    assert counts == [2, 1, 1]
    stranger = Client(platforms[1], admins[0].token)
    assert await stranger.refused("GET", "/api/me") == "session.ended"
    await stranger.close()
