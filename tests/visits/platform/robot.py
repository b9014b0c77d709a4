"""A person at a vendor's client, played by a program: reads a task, works the platform, answers."""

from __future__ import annotations

import ast
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from targets.credentials import Secret
from targets.platform.attended import Reply, Task
from targets.platform.port import MediaStream, Outcome, Session
from targets.platform.reference import ReferencePort

_SINGLE = ("network", "security")
#: Of a film, in seconds.
_FILM_S = 2.5


class Robot:
    """See the module. It knows things by their names, as people do."""

    def __init__(
        self,
        port: ReferencePort,
        admin: str,
        secret: Secret,
        restart: Callable[[], Awaitable[None]],
    ) -> None:
        self._port = port
        self._admin = (admin, secret)
        self._restarting = restart
        self._sessions: dict[str, Session] = {}
        self.asked: list[str] = []
        self._folder = Path(tempfile.mkdtemp())

    async def ask(self, task: Task) -> Reply | None:
        """Do what is asked and say what came of it."""
        self.asked.append(task.key)
        what, parameters = task.key.removeprefix("attended."), dict(task.parameters)
        name = "begin_again" if what == "restart" else what.replace("-", "_")
        work = getattr(self, f"_{name}", None)
        answer = None if work is None else await work(task, parameters)
        return None if answer is None else Reply(answer, "机器人")

    async def _log_in(self, task: Task, asked: dict[str, Any]) -> str:
        user = asked["user"]
        secret = self._admin[1] if user == self._admin[0] else task.secret
        assert secret is not None
        session, outcome = await self._port.log_in(user, secret)
        if session is not None:
            self._sessions[user] = session
        return _said(outcome)

    async def _list(self, _: Task, asked: dict[str, Any]) -> str:
        listed = await self._port.list(self._sessions[asked["user"]], asked["kind"])
        return ", ".join(str(one[self._name(asked["kind"])]) for one in listed.items)

    async def _read(self, _: Task, asked: dict[str, Any]) -> str:
        kind, session = asked["kind"], self._sessions[asked["user"]]
        if kind in _SINGLE:
            return _said(await self._port.read(session, kind))
        return "done" if await self._id(session, kind, asked["name"]) else "absent"

    async def _create(self, task: Task, asked: dict[str, Any]) -> str:
        session, fields = self._sessions[asked["user"]], await self._fields(asked)
        if task.secret is not None:
            fields["password"] = task.secret.reveal()
        return _said(await self._port.create(session, asked["kind"], fields))

    async def _change(self, _: Task, asked: dict[str, Any]) -> str:
        session, kind = self._sessions[asked["user"]], asked["kind"]
        fields = await self._fields(asked)
        identifier = "" if kind in _SINGLE else await self._id(session, kind, asked["name"])
        return _said(await self._port.change(session, kind, identifier, fields))

    async def _remove(self, _: Task, asked: dict[str, Any]) -> str:
        session, kind = self._sessions[asked["user"]], asked["kind"]
        identifier = await self._id(session, kind, asked["name"])
        return _said(await self._port.remove(session, kind, identifier)) if identifier else "absent"

    async def _begin_again(self, _: Task, __: dict[str, Any]) -> str:
        await self._restarting()
        self._sessions.clear()
        return "done"

    async def _put_back(self, _: Task, __: dict[str, Any]) -> str:
        return "done"

    async def _view_live(self, _: Task, asked: dict[str, Any]) -> str:
        session = self._sessions[asked["user"]]
        channel = await self._id(session, "channels", asked["channel"])
        async with self._port.live(session, channel or asked["channel"]) as stream:
            return "done" if stream.status == 200 else "refused"

    async def _artefact_live(self, _: Task, asked: dict[str, Any]) -> str:
        session = self._sessions[asked["user"]]
        channel = await self._id(session, "channels", asked["channel"])
        async with self._port.live(session, channel) as stream:
            return await self._filmed(stream)

    async def _artefact_live_codec(self, task: Task, asked: dict[str, Any]) -> str | None:
        number = {"H.264": 0, "H.265": -1}[asked["codec"]]
        session = self._sessions[asked["user"]]
        alive = [one for one in (await self._port.list(session, "channels")).items if one["online"]]
        return await self._artefact_live(task, asked | {"channel": alive[number]["name"]})

    async def _artefact_playback(self, _: Task, asked: dict[str, Any]) -> str:
        session = self._sessions[asked["user"]]
        channel = await self._id(session, "channels", asked["channel"])
        start = _posix(asked["time"])
        opened = await self._port.open_playback(session, channel, start, start + 60)
        async with self._port.playback(session, opened.id) as stream:
            return await self._filmed(stream)

    async def _artefact_download(self, _: Task, asked: dict[str, Any]) -> str:
        session = self._sessions[asked["user"]]
        channel = await self._id(session, "channels", asked["channel"])
        start, end = _posix(asked["start"]), _posix(asked["end"])
        ordered = await self._port.order_download(session, channel, start, end)
        while (await self._port.download_state(session, ordered.id)).fields["state"] != "ready":
            await asyncio.sleep(0.1)
        return self._saved((await self._port.download_file(session, ordered.id)).body)

    async def _filmed(self, stream: MediaStream) -> str:
        await stream.wait_for_bytes(1, 10)
        await stream.wait_for_end(_FILM_S)
        return self._saved(bytes(stream.data))

    def _saved(self, content: bytes) -> str:
        file = self._folder / f"{len(self.asked)}.mp4"
        file.write_bytes(content)
        return str(file)

    async def _session_works(self, _: Task, asked: dict[str, Any]) -> str:
        return _said(await self._port.list(self._sessions[asked["user"]], "channels"))

    async def _fields(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What is to be typed, with names of things in the place of ids."""
        session = self._sessions[asked["user"]]
        fields: dict[str, Any] = {}
        for one in str(asked["fields"]).split("; "):
            name, _, value = one.partition(" = ")
            fields[name] = value if name in ("phone", "id") else _value(value)
        for name, kind in (("parent", "organisations"), ("organisation", "organisations"),
                           ("customer", "customers")):  # fmt: skip
            if name in fields:
                fields[name] = await self._id(session, kind, fields[name]) or fields[name]
        for one in fields.get("cameras") or ():
            if "channel" in one:
                one["channel"] = await self._id(session, "channels", one["channel"])
        if isinstance(fields.get("roles"), list):
            fields["roles"] = [await self._id(session, "roles", one) for one in fields["roles"]]
        return fields

    async def _id(self, session: Session, kind: Any, name: str) -> str:
        if kind == "services":  # known by whom it serves
            name = await self._id(session, "customers", name)
        listed = await self._port.list(session, kind)
        key = self._name(kind)
        known = (
            str(one["id"]) for one in listed.items if name in (one[key], one["id"], one.get("name"))
        )
        return next(known, "")

    @staticmethod
    def _name(kind: str) -> str:
        return {"services": "customer"}.get(kind, "name")


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _posix(civil: str) -> float:
    return datetime.fromisoformat(civil + "+08:00").timestamp()


def _said(outcome: Outcome) -> str:
    return outcome.state if outcome.state in ("done", "refused", "absent") else "refused"
