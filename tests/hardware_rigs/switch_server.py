"""A managed switch for tests: a real SSH server with a shell that answers from a table."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Callable

import paramiko

USER, PASSWORD = "admin", "Switch-2026-test"


class _Door(paramiko.ServerInterface):  # type: ignore[misc]
    def check_auth_password(self, username: str, password: str) -> int:
        fine = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if fine else paramiko.AUTH_FAILED

    def get_allowed_auths(self, _username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, _number: int) -> int:
        fine = kind == "session"
        return paramiko.OPEN_SUCCEEDED if fine else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(self, *_about: object) -> bool:
        return True

    def check_channel_shell_request(self, _channel: paramiko.Channel) -> bool:
        return True


class SwitchServer:
    """Serves one connection after the other on loopback; ``answer`` gives what a command prints.

    ``prompt`` is shown after each answer; ``typed`` keeps every command.
    """

    def __init__(
        self, answer: Callable[[str], str], prompt: str = "<core-sw>", port: int = 0
    ) -> None:
        self._answer = answer
        self._prompt = prompt
        self._key = paramiko.ECDSAKey.generate()
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self.typed: list[str] = []
        self._thread = threading.Thread(target=self._serve)

    @property
    def host_key(self) -> str:
        """The fingerprint as ``ssh-keygen -l`` prints it."""
        digest = hashlib.sha256(self._key.asbytes()).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def __enter__(self) -> SwitchServer:
        self._thread.start()
        return self

    def __exit__(self, *_about: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, paramiko.Transport(connection) as transport:
                transport.add_server_key(self._key)
                try:
                    transport.start_server(server=_Door())
                    channel = transport.accept(5)
                    if channel is not None:
                        self._talk(channel)
                except (paramiko.SSHException, EOFError, OSError):
                    continue

    def _talk(self, channel: paramiko.Channel) -> None:
        channel.sendall(f"\r\nWelcome <to> us #1\r\n{self._prompt}".encode())
        line = b""
        while more := channel.recv(1024):
            line += more
            while b"\n" in line:
                command, _, line = line.partition(b"\n")
                word = command.decode().strip()
                self.typed.append(word)
                shown = self._answer(word).replace("\n", "\r\n")
                channel.sendall(f"{word}\r\n{shown}\r\n{self._prompt}".encode())
