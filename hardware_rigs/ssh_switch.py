"""A managed switch whose ports feed cameras, asked over SSH as its profile says.

Profiles are data: ``switch_profiles.yaml``. The commands are typed into the switch's own shell,
since most switches offer no other channel.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import paramiko
import yaml

from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.power_port import PortReading, PowerState

_PROFILES = Path(__file__).parent / "switch_profiles.yaml"
#: What stands in the last line of a shell that waits for a command: ``<name>``, ``[name-Port]``,
#: ``name(config)#``.
_PROMPT = re.compile(r"[<\[]?[\w.()/ @~-]{1,80}[>#\]$]")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
_LARGEST_ANSWER = 65_536
_CONNECT_S, _ANSWER_S = 10.0, 10.0
_MAC = re.compile(r"[0-9a-f]{2}")


@dataclass(frozen=True)
class SwitchAddress:
    """Which switch, as whom, and how it is recognised.

    ``host_key`` is ``SHA256:...`` as ``ssh-keygen -l`` prints it; "": this machine's known_hosts.
    """

    host: str
    port: int
    user: str
    host_key: str = ""


@cache
def profiles() -> Mapping[str, Mapping[str, Any]]:
    """Every known sort of switch by name."""
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(_PROFILES.read_text(encoding="utf-8"))
    return loaded


class SshSwitch:
    """See ``targets.power_port.PowerPorts``.

    Args:
        address: of the switch.
        secret: gives the password.
        profile: name of one of ``profiles()``.
        ports: the switch's name of the port by point.
    """

    def __init__(
        self,
        address: SwitchAddress,
        secret: Callable[[], Secret | None],
        profile: str,
        ports: Mapping[str, str],
    ) -> None:
        self._address = address
        self._secret = secret
        self._profile = profiles()[profile]
        self._ports = dict(ports)
        self._one_at_a_time = asyncio.Lock()

    async def read(self, point: str) -> PortReading:
        """What the port shows."""
        return reading_of(await self._type(point, "read"), self._profile)

    async def feed(self, point: str, state: PowerState) -> None:
        """Switch the supply off or on."""
        await self._type(point, "cut" if state == "off" else "give")

    async def _type(self, point: str, what: str) -> str:
        port = self._ports.get(point)
        if port is None:
            raise VisitProblem("visit.no-power-rig", point=point)
        commands = [one.format(port=port) for one in self._profile[what]]
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(self._converse, commands)
            except (paramiko.SSHException, OSError, EOFError) as fault:
                detail = type(fault).__name__ if isinstance(fault, EOFError) else str(fault)
                raise VisitProblem("visit.rig-failed", wanted=what, detail=detail) from None

    def _converse(self, commands: list[str]) -> str:
        secret = self._secret()
        with self._connected("" if secret is None else secret.reveal()) as shell:
            _answer(shell)
            printed = []
            for command in (*self._profile["begin"], *commands):
                shell.sendall(f"{command}\n".encode())
                printed.append(_answer(shell))
        return "\n".join(printed)

    @contextlib.contextmanager
    def _connected(self, password: str) -> Iterator[paramiko.Channel]:
        address = self._address
        client = paramiko.SSHClient()
        if address.host_key:
            client.set_missing_host_key_policy(_OnlyThisKey(address.host_key))
        else:
            client.load_system_host_keys()
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            client.connect(
                address.host,
                address.port,
                address.user,
                password,
                timeout=_CONNECT_S,
                banner_timeout=_CONNECT_S,
                auth_timeout=_CONNECT_S,
                look_for_keys=False,
                allow_agent=False,
            )
            shell = client.invoke_shell(width=200, height=1000)
            shell.settimeout(_ANSWER_S)
            yield shell
        finally:
            client.close()


class _OnlyThisKey:
    """A policy of paramiko: lets in the switch whose key the site file names, and nobody else."""

    def __init__(self, fingerprint: str) -> None:
        self._wanted = fingerprint.removeprefix("SHA256:").rstrip("=")

    def missing_host_key(self, _client: object, _host: str, key: paramiko.PKey) -> None:
        """Compare what the switch shows with what is wanted."""
        digest = hashlib.sha256(key.asbytes()).digest()
        if base64.b64encode(digest).decode().rstrip("=") != self._wanted:
            raise paramiko.SSHException("another host key")


def _answer(shell: paramiko.Channel) -> str:
    """Everything until the shell waits for the next command.

    Raises:
        paramiko.SSHException: it says too much, or never comes to an end.
        OSError: it is silent.
    """
    heard = b""
    ends = time.monotonic() + _ANSWER_S
    while time.monotonic() < ends:
        more = shell.recv(65_536)
        if not more:
            raise EOFError
        heard += more
        if len(heard) > _LARGEST_ANSWER:
            raise paramiko.SSHException("too long an answer")
        text = _CONTROL.sub("", heard.decode("utf-8", "replace"))
        if _PROMPT.fullmatch(text.rpartition("\n")[2].strip()):
            return text
    raise paramiko.SSHException("no prompt")


def reading_of(printed: str, profile: Mapping[str, Any]) -> PortReading:
    """What a switch of this sort says in ``printed``; pure."""
    fields = profile["fields"]
    number = {name: _number(printed, fields.get(name)) for name in ("power_w", "speed_mbps")}
    shown_class = _number(printed, fields.get("poe_class"))
    truth = {name: _truth(printed, fields.get(name)) for name in ("enabled", "delivering", "link")}
    medium = _word(printed, fields.get("medium"))
    copper = medium is not None and any(one in medium for one in fields["medium"]["copper"])
    delivering = truth["delivering"]
    return PortReading(
        enabled=truth["enabled"],
        delivering=delivering,
        # A port that feeds nobody may still show the class of the last device.
        poe_class=int(shown_class) if shown_class is not None and delivering else None,
        power_w=number["power_w"],
        link=truth["link"],
        speed_mbps=number["speed_mbps"],
        medium="" if medium is None else "copper" if copper else "fibre",
        macs=_macs(printed, fields.get("macs")),
    )


def _word(printed: str, field: Mapping[str, Any] | None) -> str | None:
    found = re.search(field["pattern"], printed) if field else None
    return found[1].strip().lower() if found else None


def _truth(printed: str, field: Mapping[str, Any] | None) -> bool | None:
    word = _word(printed, field)
    return None if field is None or word is None else word in field["yes"]


def _number(printed: str, field: Mapping[str, Any] | None) -> float | None:
    word = _word(printed, field)
    if field is None or word is None:
        return None
    return float(word) * float(field.get("scale", 1))


def _macs(printed: str, field: Mapping[str, Any] | None) -> tuple[str, ...]:
    found = re.findall(field["pattern"], printed.lower()) if field else []
    digits = (re.sub(r"[^0-9a-f]", "", one) for one in found)
    return tuple(dict.fromkeys(":".join(_MAC.findall(one)) for one in digits))
