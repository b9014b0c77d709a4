"""``declare``: asks cameras what they have and drafts what their vendor declares of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from assessment.declaration import ABILITIES, Ability, Value
from assessment.declared_observed import Evidence, Observed, observed_of
from assessment.recording import Recording
from console.desks import camera_targets, circumstances_of, registrar_of
from console.preparation import BadInputError, check_site
from console.sites import SiteError, load_site
from messages import text
from probes.gb28181.queries import measure_queries
from targets.camera import CameraTarget
from targets.credentials import PasswordSource
from targets.site import Site
from visits.desk import VisitDesk

_BAD_INPUT, _OPEN = 4, 2
#: What a device says of itself; the topics of its events are listed before anything is waited for.
_KINDS = ("description", "events:motion")
_BY_REGISTRATION = "gb28181:queries"


@dataclass(frozen=True)
class Told:
    """What one device told of itself."""

    model: str
    manufacturer: str
    firmware: str
    found: Mapping[str, Observed]


class _Memory:
    """Recordings that are looked at once and kept nowhere."""

    def find(self, _kind: str, _subject: str) -> Recording | None:
        """Nothing is there from before."""
        return None

    def save(self, recording: Recording) -> Recording:
        """Hand it back."""
        return recording


def declare(
    cameras: tuple[str, ...], site_file: Path | None, folder: Path, lang: str, console: Console
) -> int:
    """Write a draft for each model into ``folder``; a file that is there stays as it is.

    0, or 2 when a camera told nothing, 4 for input that is no use or a file that is in the way.
    """
    try:
        site = load_site(cameras, site_file)
        if site is None:
            raise BadInputError(text("declare.nothing-named", lang))
        check_site(site, lang)
    except SiteError as error:
        console.print(error.worded(lang), markup=False)
        return _BAD_INPUT
    except BadInputError as error:
        console.print(str(error), markup=False)
        return _BAD_INPUT
    told = ask(site, PasswordSource.of_this_process(), lang, console)
    code = 0 if len(told) == len(site.cameras) else _OPEN
    models = dict.fromkeys(one.model for one in told)
    for model in models:
        same = [one for one in told if one.model == model]
        code = max(code, _write(folder / f"{_slug(model)}.yaml", same, lang, console))
    return code


def ask(site: Site, passwords: PasswordSource, lang: str, console: Console) -> list[Told]:
    """What the cameras of ``site`` tell of themselves; those that tell nothing are named."""
    registrar = registrar_of(site, passwords, {})
    # Nothing is played before a camera now, and nothing changed on it.
    circumstances = circumstances_of(replace(site, scene_rig=""), False, registrar)
    targets = camera_targets(site, passwords)
    told = []
    with VisitDesk(_Memory(), circumstances) as desk:
        for point in site.cameras:
            target = targets[point.id]
            target.secret()
            recordings = {
                kind: desk.visit_all(kind, [target])[point.id]
                for kind in (*_KINDS, _BY_REGISTRATION)
                if _worth_asking(kind, target, site)
            }
            one = told_by(recordings)
            if one is None:
                problem = next((one.problem for one in recordings.values() if one.problem), None)
                why = text(problem.key, lang, **problem.parameters) if problem else "–"
                console.print(text("declare.silent", lang, name=point.name, why=why), markup=False)
            else:
                told.append(one)
    return told


def _worth_asking(kind: str, target: CameraTarget, site: Site) -> bool:
    if kind == _BY_REGISTRATION:
        return site.gb28181 is not None and bool(target.device_id)
    return target.speaks_onvif


def told_by(recordings: Mapping[str, Recording]) -> Told | None:
    """What a device told in these recordings; ``None`` when not even its model."""
    evidence = Evidence((), {kind: one.facts for kind, one in recordings.items()})
    device: Mapping[str, Any] = evidence.fact("description", "device") or {}
    if not device.get("model") and _BY_REGISTRATION in recordings:
        device = measure_queries(recordings[_BY_REGISTRATION]).details.get("information") or {}
    model = str(device.get("model") or "").strip()
    if not model:
        return None
    return Told(
        model,
        str(device.get("manufacturer") or "").strip(),
        str(device.get("firmware") or "").strip(),
        observed_of(evidence),
    )


def _write(path: Path, told: list[Told], lang: str, console: Console) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(draft(told, lang))
    except FileExistsError:
        console.print(text("declare.exists", lang, path=str(path)), markup=False)
        return _BAD_INPUT
    except OSError as error:
        detail = error.strerror or type(error).__name__
        console.print(text("declare.unwritable", lang, path=str(path), detail=detail), markup=False)
        return _BAD_INPUT
    console.print(text("declare.written", lang, path=str(path), model=told[0].model), markup=False)
    return 0


def draft(told: list[Told], lang: str) -> str:
    """The declaration of one model as YAML: what was told is filled in, the rest commented out."""
    first = told[0]
    lines = [f"# {line}" for line in text("declare.heading", lang, count=len(told)).splitlines()]
    lines.append(f"models: [{_quoted(first.model)}]")
    firmwares = {one.firmware for one in told}
    for key, value in (
        ("manufacturer", first.manufacturer),
        ("firmware", first.firmware if len(firmwares) == 1 else ""),
    ):
        lines.append(f"{key}: {_quoted(value)}")
    lines += [f"# declared_by: {text('declare.who', lang)}", "# date: YYYY-MM-DD"]
    section = ""
    for ability in ABILITIES:
        if ability.section != section:
            section = ability.section
            lines.append(f"{section}:")
        found = {one.found.get(ability.name) for one in told}
        lines.append(_line(ability, next(iter(found)) if len(found) == 1 else None, lang))
    return "\n".join(lines) + "\n"


def _line(ability: Ability, found: Observed | None, lang: str) -> str:
    indent = "  " if ability.section else ""
    named = f"{text(f'ability.{ability.name}', lang)} ({ability.requirement})"
    if found is None:
        form = text(f"declare.form-{ability.kind}", lang, choices=", ".join(ability.choices))
        said = text("declare.fill-in", lang, form=form)
        return f"{indent}# {ability.key}:  # {named}: {said}"
    said = text(f"declared.by-{found.by}", lang)
    return f"{indent}{ability.key}: {_plain(found.value)}  # {named}: {said}"


def _plain(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) else _quoted(value)


def _quoted(value: str) -> str:
    """A text that YAML reads back as it is, whatever a device calls itself."""
    return json.dumps(value)


def _slug(model: str) -> str:
    return re.sub(r"[^\w.-]+", "-", model)[:80].strip("-.") or "camera"
