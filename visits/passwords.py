"""The visit ``passwords``: a bounded trial of factory and weak passwords that spares accounts.

Few candidates, spaced, and an honest login between them, which resets the counters of devices
that lock accounts out. The trial ends at the first sign that a service locks us out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlsplit

from assessment.reason import Reason
from targets.camera import DEFAULT_PORTS, CameraTarget
from targets.credentials import Secret
from targets.errors import NETWORK_FAULTS, VisitProblem
from targets.http_client import HttpClient
from targets.onvif_client import OnvifClient, OnvifFault
from targets.rtsp_connection import RtspConnection
from visits.circumstances import Visit
from visits.stream import main_of
from visits.waiting import wait
from visits.weak_passwords import candidates, properties

Outcome = Literal["refused", "accepted", "locked", "no-answer", "closed"]
_LOCK_STATUSES = frozenset({403, 423, 429, 503})
#: Without an honest login between them, fewer tries than any known device locks after.
_BLIND_TRIES = 3
_BANNER_BYTES = 512
_BANNER_SECONDS = 3.0


class _Service:
    """One service of the camera that asks for a password."""

    def __init__(
        self, name: str, try_once: Callable[[str, Secret | None], Awaitable[Outcome]]
    ) -> None:
        self.name = name
        self.try_once = try_once
        self.asks = False


async def record_passwords(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes. Refusals and closed ports are results.

    Raises:
        VisitProblem: no service of the device answers.
    """
    trial = _Trial(visit)
    facts = visit.facts
    facts["attempts"] = trial.attempts
    facts["stopped_early"] = None
    user = visit.camera.user or "admin"
    secret = visit.camera.secret() if visit.camera.user else None
    facts["declared"] = properties(secret, user)
    services = await trial.survey()
    if "open" not in [facts["ports"][name] for name in ("onvif", "rtsp", "http")]:
        raise VisitProblem("visit.unreachable", detail="no service answers")
    stopped = await trial.run(services, user)
    if stopped is not None:
        facts["stopped_early"] = stopped.code


class _Trial:
    """The trial of one camera."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._camera = visit.camera
        self._stream = self._camera.stream_uri if not self._camera.speaks_onvif else ""
        self._page = ""
        self._page_is_picture = False
        self.attempts: list[dict[str, Any]] = []

    async def survey(self) -> list[_Service]:
        """Find the services, and which of them serve without any password."""
        await self._find_addresses()
        services = [_Service("rtsp", self._try_rtsp)]
        if self._camera.speaks_onvif:
            services = [
                _Service("onvif", self._try_onvif),
                *services,
                _Service("http", self._try_http),
            ]
        ports: dict[str, str] = {"onvif": "closed", "http": "closed"}
        anonymous = {"rtsp": False, "onvif": False, "http": False}
        for service in services:
            outcome = await service.try_once("", None)
            service.asks = outcome in ("refused", "locked")
            ports[service.name] = "closed" if outcome in ("no-answer", "closed") else "open"
            anonymous[service.name] = outcome == "accepted"
        if anonymous["http"] and not self._page_is_picture:
            # A page for everybody with a form on it: nothing that a candidate could be tried on.
            anonymous["http"], ports["http"] = False, "form"
        ports["telnet"], self._visit.facts["telnet_banner"] = await self._telnet()
        self._visit.facts["ports"] = ports
        self._visit.facts["anonymous"] = anonymous
        return services

    async def _find_addresses(self) -> None:
        """Stream and snapshot addresses by an honest login; guesses when that fails."""
        camera = self._camera
        if not camera.speaks_onvif:
            return
        scheme = "https" if camera.scheme == "onvifs" else "http"
        self._stream = f"rtsp://{_host(camera)}:{DEFAULT_PORTS['rtsp']}/"
        self._page = f"{scheme}://{camera.netloc}/"
        with contextlib.suppress(VisitProblem):
            profile = await main_of(self._visit)
            if profile is not None:
                token = profile["token"]
                self._stream = await self._visit.media.stream_uri(token)
                picture = await self._visit.media.snapshot_uri(token)
                self._page, self._page_is_picture = picture or self._page, picture is not None

    async def run(self, services: list[_Service], user: str) -> Reason | None:
        """Try the candidates on every service; why it ended early, if it did."""
        lengths = self._visit.lengths
        honest = self._camera.speaks_onvif and self._camera.secret() is not None
        most = lengths.candidates if honest else min(_BLIND_TRIES, lengths.candidates)
        for label, word in candidates(user, most):
            for service in [one for one in services if one.asks]:
                await wait(lengths.candidate_interval)
                outcome = await service.try_once(user, word)
                self.attempts.append(
                    {"service": service.name, "user": user, "candidate": label, "outcome": outcome}
                )
                service.asks = outcome != "accepted"  # one weak password is proof enough
                if outcome in ("locked", "no-answer", "closed"):
                    return Reason(f"visit.trial-{outcome}", {"service": service.name})
            if honest and not await self._log_in_honestly():
                return Reason("visit.trial-locked", {"service": "onvif"})
        return None

    async def _log_in_honestly(self) -> bool:
        """Log in with the declared password: resets counters and shows a lock-out at once."""
        return await self._try_onvif(self._camera.user, self._camera.secret()) == "accepted"

    def _as(self, user: str, word: Secret | None) -> CameraTarget:
        return replace(self._camera, user=user, secret=lambda: word)

    async def _try_onvif(self, user: str, word: Secret | None) -> Outcome:
        client = OnvifClient(self._as(user, word), time_source=self._visit.time)
        try:
            await client.call("devicemgmt", "GetDeviceInformation")
        except OnvifFault as fault:
            return "locked" if "lock" in fault.text.lower() else "refused"
        except VisitProblem as problem:
            return _outcome(problem.reason)
        finally:
            client.close()
        return "accepted"

    async def _try_rtsp(self, user: str, word: Secret | None) -> Outcome:
        parts = urlsplit(self._stream)
        try:
            connection = await RtspConnection.connect(
                self._camera.host,
                parts.port or DEFAULT_PORTS[parts.scheme],
                secure=parts.scheme == "rtsps",
                options=self._camera.options,
                time_source=self._visit.time,
                user=user,
                secret=word,
                basic_in_clear=True,
            )
        except VisitProblem as problem:
            return _outcome(problem.reason)
        try:
            accept = (("Accept", "application/sdp"),)
            response = await connection.request("DESCRIBE", self._stream, accept)
        except VisitProblem as problem:
            return _outcome(problem.reason)
        finally:
            connection.abort()
        return "locked" if response.status in _LOCK_STATUSES else "accepted"

    async def _try_http(self, user: str, word: Secret | None) -> Outcome:
        client = HttpClient(
            self._camera.host,
            options=self._camera.options,
            time_source=self._visit.time,
            user=user,
            secret=word,
            basic_in_clear=True,
        )
        try:
            exchange = await client.request("GET", self._page, maximum=16 << 20)
        except VisitProblem as problem:
            return _outcome(problem.reason)
        finally:
            client.close()
        status = exchange.response.status
        if status in _LOCK_STATUSES:
            return "locked"
        return "refused" if status == 401 else "accepted"

    async def _telnet(self) -> tuple[str, str]:
        """Whether Telnet is open, and what it greets with."""
        port = self._visit.circumstances.telnet_port
        try:
            async with asyncio.timeout(_BANNER_SECONDS):
                reader, writer = await asyncio.open_connection(self._camera.host, port)
        except NETWORK_FAULTS:
            return "closed", ""
        banner = b""
        with contextlib.suppress(*NETWORK_FAULTS):
            async with asyncio.timeout(_BANNER_SECONDS):
                while len(banner) < _BANNER_BYTES and b"login" not in banner.lower():
                    more = await reader.read(_BANNER_BYTES)
                    if not more:
                        break
                    banner += more
        writer.close()
        with contextlib.suppress(*NETWORK_FAULTS):
            await writer.wait_closed()
        shown = "".join(chr(one) for one in banner[:_BANNER_BYTES] if 32 <= one < 127)
        return "open", shown


def _host(camera: CameraTarget) -> str:
    return camera.netloc.rpartition(":")[0]


def _outcome(reason: Reason) -> Outcome:
    """What a problem says of the password that was tried."""
    code = reason.code
    if code == "visit.unauthorised":
        return "refused"
    if code in ("visit.refused", "visit.unresolvable"):
        return "closed"
    detail = str(reason.parameters.get("detail", ""))
    if any(detail == f"HTTP {status}" for status in _LOCK_STATUSES):
        return "locked"
    if code == "visit.unreachable":
        return "closed"
    return "no-answer"
