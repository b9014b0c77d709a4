"""The Telnet service that a badly closed camera leaves open (RFC 854)."""

from __future__ import annotations

import asyncio
import contextlib
import hmac

from simulators.behaviours import defect
from simulators.camera.state import CameraState

TELNET_OPEN = defect("telnet-open", "A Telnet login is open on port 23.")
TELNET_PORT = 23

_IDLE_S = 30.0
_TRIES = 3
_LONGEST_LINE = 256
_PROMPT = b"~ # "
_IAC, _SB, _SE = 255, 250, 240
_WILL_ECHO = bytes((_IAC, 251, 1))
_WONT_ECHO = bytes((_IAC, 252, 1))


class TelnetServer:
    """Banner, login and a shell that knows nothing, with the camera's own credentials.

    The port is ``state.ports["telnet"]``, or 23; 0 is replaced by what the system gave.
    """

    def __init__(self, state: CameraState) -> None:
        self._state = state
        self._listener: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the port if the camera leaves it open.

        Raises:
            OSError: the port cannot be had.
        """
        if self._listener is not None or not self._state.has(TELNET_OPEN):
            return
        port = self._state.ports.get("telnet", TELNET_PORT)
        self._listener = await asyncio.start_server(self._visit, self._state.address, port)
        self._state.ports["telnet"] = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for visit in list(self._visits):
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    async def apply(self) -> None:
        """Open or close the port where behaviours switched at run time ask for it."""
        if self._state.has(TELNET_OPEN):
            await self.start()
        else:
            await self.stop()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._visits.add(task)
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, EOFError, ValueError):
                await self._converse(_Lines(reader), writer)
        finally:
            self._visits.discard(task)
            writer.close()

    async def _converse(self, lines: _Lines, writer: asyncio.StreamWriter) -> None:
        identity = self._state.identity
        writer.write(f"\r\n{identity.manufacturer} {identity.model}\r\n".encode())
        for _ in range(_TRIES):
            writer.write(f"{identity.name} login: ".encode())
            user = await lines.next()
            writer.write(b"Password: " + _WILL_ECHO)
            password = await lines.next()
            writer.write(_WONT_ECHO + b"\r\n")
            if self._accepts(user, password):
                await self._shell(lines, writer)
                return
            writer.write(b"Login incorrect\r\n")
        await writer.drain()

    def _accepts(self, user: bytes, password: bytes) -> bool:
        right_user = hmac.compare_digest(user, self._state.user.encode())
        return hmac.compare_digest(password, self._state.password.encode()) and right_user

    async def _shell(self, lines: _Lines, writer: asyncio.StreamWriter) -> None:
        writer.write(_PROMPT)
        while (line := await lines.next()) not in (b"exit", b"logout"):
            name = line.split(b" ")[0]
            writer.write((b"sh: " + name + b": not found\r\n" if name else b"") + _PROMPT)
            await writer.drain()


class _Lines:
    """Lines without the Telnet commands in between."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def next(self) -> bytes:
        """The next line, stripped.

        Raises:
            EOFError: the peer is gone.
            ValueError: the line is too long.
            TimeoutError: the peer is silent.
        """
        line = bytearray()
        async with asyncio.timeout(_IDLE_S):
            while (octet := await self._octet()) != 10:
                line.append(octet)
                if len(line) > _LONGEST_LINE:
                    raise ValueError("the line is too long")
        return bytes(line).replace(b"\0", b"").strip()

    async def _octet(self) -> int:
        while True:
            octet = (await self._reader.readexactly(1))[0]
            if octet != _IAC:
                return octet
            command = (await self._reader.readexactly(1))[0]
            if command == _IAC:
                return _IAC
            if command == _SB:
                await self._reader.readuntil(bytes((_IAC, _SE)))
            elif command > _SB:
                await self._reader.readexactly(1)
