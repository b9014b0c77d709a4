"""A TLS conversation made by OpenSSL in memory: what each side put on the wire."""

from __future__ import annotations

import contextlib
import ssl

from simulators import certificates

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


def conversation(
    answer: bytes, version: str = "1.3", ciphers: str = "", address: str = "127.16.9.1"
) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """((client hello, rest), (server hello and on, rest with ``answer`` encrypted))."""
    server = certificates.server_context.__wrapped__(address)
    client = ssl.create_default_context(cafile=str(certificates.authority_file()))
    for context in (server, client):
        if version == "1.0":
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = _VERSIONS[version]
        context.minimum_version = _VERSIONS[version]
        if ciphers:
            context.set_ciphers(ciphers)
    ends = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
    asking = client.wrap_bio(*ends[0], server_hostname=address)
    serving = server.wrap_bio(*ends[1], server_side=True)
    sent: tuple[list[bytes], list[bytes]] = ([], [])
    for _ in range(8):
        for number, side in enumerate((asking, serving)):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
            _pass_on(ends, sent, number)
    asking.write(b"PLAY")
    _pass_on(ends, sent, 0)
    serving.read(4)
    for start in range(0, len(answer), 16_000):
        serving.write(answer[start : start + 16_000])
    _pass_on(ends, sent, 1)
    first, second = (([data for data in side if data]) for side in sent)
    return (first[0], b"".join(first[1:])), (second[0], b"".join(second[1:]))


def _pass_on(
    ends: list[tuple[ssl.MemoryBIO, ssl.MemoryBIO]],
    sent: tuple[list[bytes], list[bytes]],
    side: int,
) -> None:
    data = ends[side][1].read()
    sent[side].append(data)
    ends[1 - side][0].write(data)
