"""A relay in front of the TLS listener, which can do to one device what an attacker would.

It passes TLS records on as they are. For one device at a time it can flip a bit of the next
record, send it twice, or take the next connection itself with a certificate that nobody vouches
for. It holds no key of any session.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
import tempfile
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Trick = Literal["flip", "repeat", "foreign"]
_APPLICATION_DATA = 23
_HEADER = 5
_LONGEST_RECORD = 16_384 + 2_048
_READ_BYTES = 65_536
_FOREIGN_SECONDS = 10.0
_CONNECT_SECONDS = 5.0


class TlsRelay:
    """See the module.

    Attributes:
        port: where devices connect; the actual one after ``start``.
        done: devices (by host) to which the armed trick was done.
        foreign: by host, whether the device said anything over the foreign certificate.
    """

    def __init__(self, address: str, port: int) -> None:
        self.port = port
        self.done: set[str] = set()
        self.foreign: dict[str, bool] = {}
        self._address = address
        self._target = 0
        self._armed: dict[str, Trick] = {}
        self._ends: dict[int, tuple[str, int]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self, target: int) -> None:
        """Listen, and pass on to port ``target`` of the same address.

        Raises:
            OSError: the address or port is not free.
        """
        self._target, self._stopped = target, False
        self._server = await asyncio.start_server(
            self._accepted, self._address, self.port, limit=_READ_BYTES, backlog=1024
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every connection."""
        self._stopped = True
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def end_of(self, port: int) -> tuple[str, int] | None:
        """The device behind our own connection from ``port``."""
        return self._ends.get(port)

    def arm(self, host: str, trick: Trick) -> None:
        """Do ``trick`` to the device at ``host`` at the next occasion, once."""
        self.done.discard(host)
        self.foreign.pop(host, None)
        self._armed[host] = trick

    def disarm(self, host: str) -> None:
        """Do nothing more."""
        self._armed.pop(host, None)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._stopped:  # it was accepted while we were closing
            writer.close()
            return
        self._tasks.add(task)
        host, port = writer.get_extra_info("peername")[:2]
        try:
            if self._armed.get(host) == "foreign":
                del self._armed[host]
                self.done.add(host)
                await self._impersonate(host, reader, writer)
            else:
                await self._pass_on(host, port, reader, writer)
        # A cancelled connection is how the relay ends it, not a fault.
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _impersonate(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Be a platform with a certificate of our own making; whether the device talks to it."""
        self.foreign[host] = False
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_FOREIGN_SECONDS):
                await writer.start_tls(foreign_context(self._address))
                self.foreign[host] = bool(await reader.read(16))

    async def _pass_on(
        self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with asyncio.timeout(_CONNECT_SECONDS):
            inner_reader, inner_writer = await asyncio.open_connection(
                self._address, self._target, local_addr=(self._address, 0)
            )
        own = int(inner_writer.get_extra_info("sockname")[1])
        self._ends[own] = (host, port)
        up = asyncio.create_task(_copy(reader, inner_writer))
        down = asyncio.create_task(self._records(host, inner_reader, writer))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            inner_writer.close()
            asyncio.get_running_loop().call_later(5.0, self._ends.pop, own, None)

    async def _records(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Whole records from the platform to the device, and what is armed on the way."""
        while True:
            header = await reader.readexactly(_HEADER)
            length = int.from_bytes(header[3:])
            if length > _LONGEST_RECORD:
                return
            record = header + await reader.readexactly(length)
            trick = self._armed.get(host)
            if trick in ("flip", "repeat") and header[0] == _APPLICATION_DATA:
                del self._armed[host]
                self.done.add(host)
                if trick == "repeat":
                    record += record
                else:
                    record = record[:-1] + bytes([record[-1] ^ 1])
            writer.write(record)
            await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_READ_BYTES):
            writer.write(data)
            await writer.drain()


def foreign_context(name: str) -> ssl.SSLContext:
    """A server context with a fresh certificate for ``name`` that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "foreign.pem"
        file.write_bytes(pem)
        context.load_cert_chain(file)
    return context
