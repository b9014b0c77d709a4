"""``gb28181 device``: the harness registers with somebody's platform and judges what it does."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assessment.reason import Reason
from assessment.recording import Recording
from console.device_side import DeviceSide
from console.gb28181_command import own_address
from console.preparation import new_folder
from console.run_command import BAD_INPUT, INTERRUPTED
from console.version import VERSION
from messages import LANGUAGES, text
from probes.gb28181.deviations import name_of
from probes.gb28181.platform_lines import Outcome
from probes.gb28181.platform_side import INSTRUMENT, PlatformJudgement, judge_platform
from protocols.errors import ProtocolError
from protocols.sip.dates import BEIJING
from protocols.sip.message import parse_message
from protocols.sip.passed import PassedMessage
from reports.manifest import write_manifest, write_whole
from reports.platform_side import platform_page
from simulators.camera.gb28181.settings import GbSettings
from targets.credentials import PasswordSource
from targets.errors import VisitProblem
from targets.ntp import host_reference

_EXIT_CODES = {"met": 0, "departs": 1, "open": 2}
_STYLES: dict[Outcome, str] = {
    "met": "green",
    "departs": "bold red",
    "not-observed": "dark_orange",
    "not-tried": "dim",
}
_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


@dataclass(frozen=True)
class DeviceOptions:
    """What the user asked for; see the help of ``gb28181 device``."""

    platform: str
    server_id: str
    device_id: str
    domain: str = ""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    certificate_authority: Path | None = None
    edition: Literal["2016", "2022"] = "2016"
    charset: str = ""
    seconds: float = 60.0
    intrusive: bool = False
    time_servers: tuple[str, ...] = ()
    out: Path = Path("runs")


class _WrongOptionError(Exception):
    """An option cannot be used; the text is in the user's language."""


def visit_platform(options: DeviceOptions, lang: str, console: Console) -> int:
    """Register, wait for what the platform asks, leave, judge, report; the exit code."""
    try:
        settings, address = settings_of(options, lang)
        folder = new_folder(options.out)
        folder.mkdir(parents=True)
    except _WrongOptionError as error:
        console.print(str(error), markup=False)
        return BAD_INPUT
    except OSError as error:
        detail = error.strerror or str(error)
        shown = {"folder": str(options.out), "detail": detail}
        console.print(text("run-store.unwritable", lang, **shown), markup=False)
        return BAD_INPUT
    shown = {"platform": options.platform, "device": settings.device_id}
    console.print(text("gb-platform.begins", lang, **shown), markup=False)
    try:
        recording = asyncio.run(_visit(settings, address, options, lang, console))
    except KeyboardInterrupt:
        folder.rmdir()
        return INTERRUPTED
    judgement = judge_platform(recording)
    document = _document(recording, judgement)
    _write(folder, recording, judgement, document, lang)
    _print_lines(document, lang, console)
    console.print(text("run.report", lang, path=str(folder / "report.html")), markup=False)
    return _EXIT_CODES[judgement.overall]


def settings_of(options: DeviceOptions, lang: str) -> tuple[GbSettings, str]:
    """What the camera's page would hold, and the address that the camera has.

    Raises:
        _WrongOptionError: an option cannot be used.
    """
    host, colon, port = options.platform.rpartition(":")
    if not colon:
        host, port = options.platform, str(_PORTS[options.transport])
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise _WrongOptionError(text("gb-platform.no-address", lang, found=options.platform))
    for identifier in (options.server_id, options.device_id):
        if not re.fullmatch(r"[0-9]{20}", identifier):
            raise _WrongOptionError(text("gb-platform.no-identifier", lang, found=identifier))
    authority = options.certificate_authority
    if authority is not None and not authority.is_file():
        raise _WrongOptionError(text("target.ca-file", lang, file=str(authority)))
    try:
        server = socket.gethostbyname(host)
    except OSError as error:
        detail = error.strerror or ""
        raise _WrongOptionError(
            text("gb-platform.unresolvable", lang, host=host, detail=detail)
        ) from error
    password = PasswordSource.of_this_process().find(options.device_id, host, options.device_id)
    if password is None:
        raise _WrongOptionError(text("gb-platform.no-password", lang))
    settings = GbSettings(
        # A certificate is held against the name that was given, not against its number.
        server_address=host if options.transport == "tls" else server,
        server_port=int(port),
        server_id=options.server_id,
        domain=options.domain or options.server_id[:10],
        device_id=options.device_id,
        password=password.reveal(),
        transport=options.transport,
        edition=options.edition,
        charset=options.charset or {"2016": "GB2312", "2022": "GB18030"}[options.edition],
        ca_file="" if authority is None else str(authority),
        local_port=0,
    )
    return settings, own_address(server)


async def _visit(
    settings: GbSettings, address: str, options: DeviceOptions, lang: str, console: Console
) -> Recording:
    """The stay at the platform, sealed whatever happened."""
    reference = await host_reference(options.time_servers)

    def told(what: str | PassedMessage) -> None:
        if isinstance(what, str):
            seconds = round(options.seconds)
            console.print(text("gb-platform.registered", lang, seconds=seconds), markup=False)
        else:
            console.print(_said(what), markup=False)

    side = DeviceSide(
        settings,
        address,
        seconds=options.seconds,
        intrusive=options.intrusive,
        reference=reference.fact(),
        told=told,
    )
    # A person who has seen enough ends the stay; the judgement follows all the same.
    with suppress(NotImplementedError, ValueError, RuntimeError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, side.enough)
    problem: Reason | None = None
    try:
        await side.record()
    except VisitProblem as found:
        problem = found.reason
    return side.draft.seal(problem)


def _said(message: PassedMessage) -> str:
    """One request of the platform, as a line on the terminal."""
    at = datetime.fromtimestamp(message.at, BEIJING).strftime("%H:%M:%S")
    try:
        return f"  {at}  {name_of(parse_message(message.data))}"
    except ProtocolError:
        return f"  {at}  ?"


def _document(recording: Recording, judgement: PlatformJudgement) -> dict[str, Any]:
    """Everything that a report shows, in codes and numbers."""
    facts = recording.facts
    lines = [one.as_json() for one in judgement.lines]
    counts = Counter(one["outcome"] for one in lines)
    problem = recording.problem
    return {
        "schema": "tantou-platform/1",
        "version": VERSION,
        "instrument": INSTRUMENT,
        "started": recording.started.isoformat(),
        "ended": recording.ended.isoformat(),
        "platform": facts["server"],
        "device": facts["device"],
        "transport": facts["transport"],
        "edition": facts["edition"],
        "charset": facts["charset"],
        "intrusive": facts["intrusive"],
        "reference": facts["reference"],
        "overall": judgement.overall,
        "problem": problem.within if problem is not None else None,
        "counts": {name: counts[name] for name in _STYLES},
        "lines": lines,
        "recording": recording.digest,
        "evidence": {
            name: {"sha256": part.digest, "media_type": part.media_type, "size": part.size}
            for name, part in judgement.evidence.items()
        },
    }


def _write(
    folder: Path,
    recording: Recording,
    judgement: PlatformJudgement,
    document: dict[str, Any],
    lang: str,
) -> None:
    """The report, its evidence and the recording that it rests on, sealed."""
    drawn = judgement.evidence.get("ladder.svg")
    ladder = drawn.read().decode() if drawn is not None else ""
    contents: dict[Path, str | bytes] = {
        folder / name: part.read() for name, part in judgement.evidence.items()
    }
    contents[folder / "results.json"] = _json(document)
    contents[folder / "recording.json"] = _json(recording.sealed_document())
    for other in LANGUAGES:
        name = "report.html" if other == lang else f"report.{other}.html"
        contents[folder / name] = platform_page(document, other, ladder)
    write_whole(contents)
    write_manifest(folder)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _print_lines(document: dict[str, Any], lang: str, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("rule", "outcome", "found", "clause"):
        table.add_column(text(f"gb-platform.{heading}", lang), overflow="fold")
    for line in document["lines"]:
        outcome = line["outcome"]
        table.add_row(
            text(f"gb-platform-line.{line['name']}", lang),
            f"[{_STYLES[outcome]}]{text(f'gb-platform-outcome.{outcome}', lang)}[/]",
            Text("\n".join(_found(line, lang))),  # what a platform sent is no markup
            line["clause"],
        )
    console.print(table)
    if document["problem"] is not None:
        problem = document["problem"]
        worded = text(f"reason.{problem['code']}", lang, **problem["parameters"])
        console.print(worded, markup=False)
    console.print(text(f"gb-platform.overall-{document['overall']}", lang), style="bold")


def _found(line: dict[str, Any], lang: str) -> list[str]:
    found = [text(f"reason.{one['code']}", lang, **one["parameters"]) for one in line["reasons"]]
    for one in line["deviations"]:
        worded = text(f"deviation.{one['code']}", lang, detail=one["detail"])
        found.append(f"{worded} ({one['clause']})")
    return found
