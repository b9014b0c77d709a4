"""The adapter for the interface of the reference platform: HTTPS and JSON, TLS verified."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Literal
from urllib.parse import quote, urljoin

import aiohttp

from protocols.errors import ProtocolError
from protocols.time_source import TimeSource
from targets.credentials import Secret
from targets.errors import NETWORK_FAULTS, VisitProblem, problem_of
from targets.platform.moments import iso_time
from targets.platform.port import Answer, Kind, Outcome, PlatformPort, Session, State
from targets.platform.streaming import OpenChannel, OpenStream
from targets.platform.target import PlatformTarget

#: Bounds of one answer; how prompt a platform has to be is for no adapter to say.
ANSWER_SECONDS, MAXIMUM_ANSWER = 45.0, 4 << 20
_SINGLE = ("network", "security")
_STATES: Mapping[int, State] = {
    400: "refused", 401: "refused", 403: "refused", 404: "absent", 409: "refused", 410: "absent",
    422: "refused", 423: "refused", 429: "refused",
}  # fmt: skip


class ReferencePort(PlatformPort):
    """See the module.

    Raises from every operation:
        VisitProblem: the platform cannot be reached, breaks HTTP, or shows another certificate.
    """

    adapter: ClassVar[str] = "reference"
    has_interface: ClassVar[bool] = True

    def __init__(self, target: PlatformTarget, time_source: TimeSource) -> None:
        self.target = target
        self.time = time_source
        self._http: aiohttp.ClientSession | None = None
        self._description: Mapping[str, Any] | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.close()

    def client(self) -> aiohttp.ClientSession:
        """The connections, opened when first needed; no cookie goes from one user to another."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self.target.tls_context(), limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS),
                auto_decompress=False,
            )
        return self._http

    # The interface itself

    async def request(
        self,
        session: Session | None,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        maximum: int = MAXIMUM_ANSWER,
    ) -> Answer:
        """See ``PlatformPort``; a longer answer is cut, an endless one is left."""
        sent = {**bearer(session), **(headers or {})}
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self.client().request(
                    method,
                    urljoin(self.target.base, path),
                    json=body,
                    headers=sent,
                    allow_redirects=False,
                ) as response,
            ):
                content = await _bounded(response, maximum)
        except (*NETWORK_FAULTS, aiohttp.ClientError) as fault:
            raise _problem(fault, path) from fault
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, found, content)

    async def openapi(self, session: Session | None = None) -> Mapping[str, Any]:
        """See ``PlatformPort``; read once."""
        if self._description is None:
            for path in ("/api/openapi.json", "/openapi.json"):
                answer = await self.request(session, "GET", path)
                if answer.status == 200:
                    self._description = _document(answer)
                    break
            else:
                raise VisitProblem("visit.not-offered", what="openapi")
        return self._description

    async def ask(
        self, session: Session | None, method: str, path: str, body: Any = None, **query: str
    ) -> Outcome:
        """One operation of the interface as an outcome."""
        parts = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        answer = await self.request(
            session, method, f"/api{path}" + (f"?{parts}" if parts else ""), body=body
        )
        return outcome_of(answer)

    # People

    async def log_in(self, user: str, password: Secret) -> tuple[Session | None, Outcome]:
        """See ``PlatformPort``."""
        asked = {"user": user, "password": password.reveal()}
        outcome = await self.ask(None, "POST", "/login", asked)
        token = outcome.fields.get("token")
        if not outcome.done or not isinstance(token, str):
            return None, outcome
        profile = outcome.fields.get("user")
        session = Session(
            user,
            Secret(token),
            str(outcome.fields.get("expires_at") or ""),
            bool(outcome.fields.get("must_change_password")),
            profile if isinstance(profile, Mapping) else {},
        )
        shown = {name: value for name, value in outcome.fields.items() if name != "token"}
        return session, Outcome(outcome.state, outcome.status, outcome.code, shown)

    async def log_out(self, session: Session) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "POST", "/logout")

    async def change_password(self, session: Session, old: Secret, new: Secret) -> Outcome:
        """See ``PlatformPort``."""
        asked = {"old": old.reveal(), "new": new.reveal()}
        return await self.ask(session, "POST", "/me/password", asked)

    # Things

    async def list(self, session: Session, kind: Kind, **query: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "GET", f"/{kind}", **query)

    async def read(self, session: Session, kind: Kind, identifier: str = "") -> Outcome:
        """See ``PlatformPort``; what can only be listed is looked up in its list."""
        outcome = await self.ask(session, "GET", _path(kind, identifier))
        if outcome.status == 405:
            outcome = await self.list(session, kind)
            found = [one for one in outcome.items if str(one.get("id")) == identifier]
            if outcome.done:
                return Outcome("done", 200, "", found[0]) if found else Outcome("absent", 404)
        return outcome

    async def create(self, session: Session, kind: Kind, fields: Mapping[str, Any]) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "POST", f"/{kind}", dict(fields))

    async def change(
        self, session: Session, kind: Kind, identifier: str, fields: Mapping[str, Any]
    ) -> Outcome:
        """See ``PlatformPort``; ``version`` is read first unless it is given."""
        body = dict(fields)
        if "version" not in body:
            body["version"] = await self._version(session, kind, identifier)
        return await self.ask(session, "PATCH", _path(kind, identifier), body)

    async def remove(self, session: Session, kind: Kind, identifier: str) -> Outcome:
        """See ``PlatformPort``."""
        version = str(await self._version(session, kind, identifier))
        return await self.ask(session, "DELETE", _path(kind, identifier), version=version)

    async def _version(self, session: Session, kind: Kind, identifier: str) -> int:
        found = (await self.read(session, kind, identifier)).fields.get("version")
        return found if isinstance(found, int) else 1

    # Pictures

    @asynccontextmanager
    async def live(
        self, session: Session, channel: str, stream: Literal["main", "sub"] = "main"
    ) -> AsyncIterator[OpenStream]:
        """See ``PlatformPort``."""
        path = f"/api/live/{quote(channel, safe='')}?stream={stream}"
        async with self._stream(session, path) as running:
            yield running

    @asynccontextmanager
    async def playback(self, session: Session, identifier: str) -> AsyncIterator[OpenStream]:
        """See ``PlatformPort``."""
        path = f"/api/playbacks/{quote(identifier, safe='')}/stream"
        async with self._stream(session, path) as running:
            yield running

    @asynccontextmanager
    async def _stream(self, session: Session | None, path: str) -> AsyncIterator[OpenStream]:
        stream = OpenStream(self.time)
        try:
            await stream.open(self.client(), urljoin(self.target.base, path), bearer(session))
        except (*NETWORK_FAULTS, aiohttp.ClientError) as fault:
            await stream.close()
            raise _problem(fault, path) from fault
        try:
            yield stream
        finally:
            await stream.close()

    @asynccontextmanager
    async def events(self, session: Session | None) -> AsyncIterator[OpenChannel]:
        """See ``PlatformPort``."""
        channel = OpenChannel(self.time)
        path = "/api/events"
        try:
            await channel.open(self.client(), urljoin(self.target.base, path), bearer(session))
        except (*NETWORK_FAULTS, aiohttp.ClientError) as fault:
            await channel.close()
            raise _problem(fault, path) from fault
        try:
            yield channel
        finally:
            await channel.close()

    async def clock(self, session: Session | None) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "GET", "/api/status")

    async def viewers(self, session: Session, channel: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "GET", f"/live/{quote(channel, safe='')}/viewers")

    async def ticket(self, session: Session, kind: str, target: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "POST", "/tickets", {"kind": kind, "target": target})

    # Recordings

    async def spans(
        self, session: Session, channel: str, start: float, end: float, *, device: bool = False
    ) -> Outcome:
        """See ``PlatformPort``."""
        path = "/device-recordings" if device else "/recordings"
        period = {"start": iso_time(start), "end": iso_time(end)}
        return await self.ask(session, "GET", path, channel=channel, **period)

    async def open_playback(
        self, session: Session, channel: str, start: float, end: float, *, device: bool = False
    ) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "POST", "/playbacks", _order(channel, start, end, device))

    async def control_playback(self, session: Session, identifier: str, **command: Any) -> Outcome:
        """See ``PlatformPort``; ``position`` in POSIX seconds."""
        if isinstance(command.get("position"), int | float):
            command["position"] = iso_time(command["position"])
        path = f"/playbacks/{quote(identifier, safe='')}/control"
        return await self.ask(session, "POST", path, command)

    async def playback_state(self, session: Session, identifier: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "GET", f"/playbacks/{quote(identifier, safe='')}")

    async def close_playback(self, session: Session, identifier: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "DELETE", f"/playbacks/{quote(identifier, safe='')}")

    async def order_download(
        self, session: Session, channel: str, start: float, end: float, *, device: bool = False
    ) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "POST", "/downloads", _order(channel, start, end, device))

    async def download_state(self, session: Session, identifier: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "GET", f"/downloads/{quote(identifier, safe='')}")

    async def download_file(
        self, session: Session, identifier: str, first: int = 0, last: int | None = None
    ) -> Answer:
        """See ``PlatformPort``."""
        wanted = f"bytes={first}-{'' if last is None else last}"
        whole = first == 0 and last is None
        return await self.request(
            session,
            "GET",
            f"/api/downloads/{quote(identifier, safe='')}/file",
            headers={} if whole else {"Range": wanted},
            maximum=64 << 20,
        )

    async def cancel_download(self, session: Session, identifier: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "DELETE", f"/downloads/{quote(identifier, safe='')}")

    async def history(self, session: Session) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "GET", "/downloads/history")

    # Control

    async def control(self, session: Session, channel: str, **command: Any) -> Outcome:
        """See ``PlatformPort``."""
        path = f"/channels/{quote(channel, safe='')}/control"
        return await self.ask(session, "POST", path, command)

    async def control_state(self, session: Session, channel: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "GET", f"/channels/{quote(channel, safe='')}/control")

    async def release(self, session: Session, channel: str) -> Outcome:
        """See ``PlatformPort``."""
        path = f"/channels/{quote(channel, safe='')}/control/release"
        return await self.ask(session, "POST", path)

    async def presets(self, session: Session, channel: str) -> Outcome:
        """See ``PlatformPort``."""
        return await self.ask(session, "GET", f"/channels/{quote(channel, safe='')}/presets")

    async def set_preset(
        self, session: Session, channel: str, number: int, name: str, *, home: bool = False
    ) -> Outcome:
        """See ``PlatformPort``."""
        path = f"/channels/{quote(channel, safe='')}/presets"
        return await self.ask(session, "POST", path, {"number": number, "name": name, "home": home})

    async def patrol(
        self, session: Session, identifier: str, action: Literal["start", "stop", "state"]
    ) -> Outcome:
        """See ``PlatformPort``."""
        method = "GET" if action == "state" else "POST"
        return await self.ask(session, method, f"/patrols/{quote(identifier, safe='')}/{action}")


def bearer(session: Session | None) -> dict[str, str]:
    """The header that proves a session."""
    return {} if session is None else {"Authorization": f"Bearer {session.token.reveal()}"}


def outcome_of(answer: Answer) -> Outcome:
    """What an answer of the interface says of the operation."""
    document = _document(answer)
    if answer.status < 400:
        return Outcome("done", answer.status, "", document)
    error = document.get("error")
    error = error if isinstance(error, Mapping) else {}
    parameters = error.get("parameters")
    return Outcome(
        _STATES.get(answer.status, "failed" if answer.status >= 500 else "absent"),
        answer.status,
        str(error.get("code", ""))[:80],
        parameters if isinstance(parameters, Mapping) else {},
    )


def _document(answer: Answer) -> Mapping[str, Any]:
    """The JSON of an answer; a list stands under ``items``, what is no JSON is nothing."""
    try:
        found = json.loads(answer.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    if isinstance(found, list):
        return {"items": found}
    return found if isinstance(found, dict) else {}


def _path(kind: Kind, identifier: str) -> str:
    return f"/{kind}" if kind in _SINGLE else f"/{kind}/{quote(identifier, safe='')}"


def _order(channel: str, start: float, end: float, device: bool) -> dict[str, str]:
    return {
        "channel": channel,
        "start": iso_time(start),
        "end": iso_time(end),
        "source": "device" if device else "platform",
    }


async def _bounded(response: aiohttp.ClientResponse, maximum: int) -> bytes:
    """The body up to ``maximum``; of an endless stream only what came at once."""
    if response.content_type == "video/mp4" and "Content-Length" not in response.headers:
        return b""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) >= maximum:
            break
    return bytes(content[:maximum])


def _problem(fault: BaseException, path: str) -> VisitProblem:
    waiting_for = path.partition("?")[0]
    if isinstance(fault, aiohttp.ClientConnectorCertificateError):
        return VisitProblem("visit.certificate", detail=str(fault.certificate_error))
    if isinstance(fault, aiohttp.ClientConnectorError):
        inner: BaseException = fault.os_error
        return problem_of(inner, waiting_for=waiting_for, seconds=ANSWER_SECONDS)
    if isinstance(fault, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return problem_of(EOFError(), waiting_for=waiting_for)
    if isinstance(fault, aiohttp.ClientError):
        return problem_of(ProtocolError(type(fault).__name__), waiting_for=waiting_for)
    return problem_of(fault, waiting_for=waiting_for, seconds=ANSWER_SECONDS)
