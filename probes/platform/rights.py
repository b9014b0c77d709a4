"""Rights as the matrix of everybody by every operation shows them (4.3.3.6-c, -e, 4.4.3-a)."""

from __future__ import annotations

from collections.abc import Iterable

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.matrix import LEVELS, Cell, cells_of
from probes.platform.reading import done, mappings, step

INSTRUMENT = "platform-rights/1"
LEVELS_QUANTITY = "platform-levels"
RIGHTS_QUANTITY = "platform-rights"
GRAIN_QUANTITY = "platform-grain"
#: Whom nothing at all is open to.
_OUT = ("nobody", "suspended", "expired")
_NARROWED = {"only-live": "playback", "only-playback": "live"}


def measure_levels(recording: Recording, *, governing: str = "kinds") -> Measurement:
    """Whether there are three levels, and none does what only another is granted.

    ``governing`` (ruling R-016): ``kinds`` (three separate ones), or ``hierarchy`` (a higher one
    includes the lower ones).

    Quantity ``platform-levels``; ``details``: ``asked`` and ``crossing`` by level.
    """
    judgement, cells = _begin(recording, LEVELS_QUANTITY)
    roles = {level: step(recording, "create", kind="roles", of=level) for level in LEVELS}
    for level, made in roles.items():
        if made is not None and not done(made):
            judgement.fault("level-missing", level=level)
    for level in LEVELS:
        own = [cell for cell in cells if cell.who == level]
        crossing = [
            cell
            for cell in own
            if cell.about in ("", "own")
            and cell.passed
            and cell.level not in ("", level)
            and not (governing == "hierarchy" and LEVELS.index(cell.level) < LEVELS.index(level))
        ]
        judgement.details.setdefault("asked", {})[level] = len(own)
        judgement.details.setdefault("crossing", {})[level] = _names(crossing)
        if crossing:
            judgement.fault("crosses-level", level=level, operations=_shown(crossing))
        elif own and not any(cell.passed for cell in own if cell.level == level):
            judgement.doubt("level-without-effect", level=level)
        elif not own and done(roles[level]):
            judgement.doubt("level-not-tried", level=level)
    return judgement.measurement(problem_first=not cells)


def measure_rights(recording: Recording) -> Measurement:
    """Whether what one user may, another may not.

    Quantity ``platform-rights``; ``details``: ``cells`` (how many), ``wrong`` (which).
    """
    judgement, cells = _begin(recording, RIGHTS_QUANTITY)
    judgement.details["cells"] = len(cells)
    foreign = [one for one in cells if one.about == "foreign" and one.names_camera and one.passed]
    through = [one for one in cells if one.who in _OUT and one.passed]
    idle = [one for one in cells if one.who == "no-role" and one.passed and one.level]
    narrowed = [one for one in cells if _NARROWED.get(one.who) == one.operation and one.passed]
    judgement.details["wrong"] = _names([*foreign, *through, *idle, *narrowed])
    if through:
        judgement.fault("let-in", who=through[0].who, operations=_shown(through))
    if foreign:
        judgement.fault("not-enforced", operations=_shown(foreign))
    if idle:
        judgement.fault("without-role", operations=_shown(idle))
    if narrowed:
        judgement.fault("operation-not-enforced", operations=_shown(narrowed))
    if cells and not any(one.about == "foreign" for one in cells):
        judgement.doubt("no-foreign-camera")
    _worked(judgement, cells)
    return judgement.measurement(problem_first=not cells)


def measure_grain(recording: Recording) -> Measurement:
    """Whether the right to one channel is a right to that channel alone.

    Quantity ``platform-grain``; ``details``: ``own``, ``sibling``, ``foreign``: operations let
    through.
    """
    judgement, cells = _begin(recording, GRAIN_QUANTITY)
    users = [one for one in cells if one.names_camera and one.who in LEVELS[:2]]
    for about in ("own", "sibling", "foreign"):
        asked = [one for one in users if one.about == about]
        through = [one for one in asked if one.passed]
        judgement.details[about] = {"asked": len(asked), "through": _names(through)}
        if about == "own":
            continue
        if through:
            judgement.fault(f"{about}-open", operations=_shown(through))
        elif cells and not asked:
            judgement.doubt(f"no-{about}")
    _worked(judgement, cells)
    return judgement.measurement(problem_first=not cells)


def _begin(recording: Recording, quantity: str) -> tuple[Judgement, list[Cell]]:
    judgement = Judgement(recording, quantity, INSTRUMENT)
    cells = list(cells_of(recording))
    judgement.details["places"] = {
        str(one.get("label")): one.get("channel") for one in mappings(recording.facts.get("places"))
    }
    if not cells and recording.problem is None:
        judgement.doubt("not-asked")
    return judgement, cells


def _worked(judgement: Judgement, cells: list[Cell]) -> None:
    """Somebody with the right must have got through, or a refusal proves nothing."""
    own = [one for one in cells if one.about == "own" and one.who == "data-access"]
    if cells and not any(one.passed and one.level == "data-access" for one in own):
        judgement.doubt("right-without-effect")


def _names(cells: Iterable[Cell]) -> list[str]:
    return sorted({f"{one.who}: {one.operation} {one.about} {one.status}" for one in cells})[:100]


def _shown(cells: list[Cell]) -> str:
    """A few operations for a sentence."""
    names = list(dict.fromkeys(one.operation for one in cells))
    return ", ".join(names[:4]) + (f" (+{len(names) - 4})" if len(names) > 4 else "")
