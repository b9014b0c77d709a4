"""The steps of a visit to a platform, read without trusting their form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assessment.recording import Recording

Step = Mapping[str, Any]
#: How a platform says that somebody may not, or that there is no such thing for whoever asks.
DENIED = (401, 403, 404)


def steps(recording: Recording, name: str = "", **fields: str) -> list[Step]:
    """The steps called ``name`` (all when "") that have these fields, in their order."""
    found = recording.facts.get("steps")
    listed = found if isinstance(found, list) else ()
    return [
        step
        for step in listed
        if isinstance(step, Mapping)
        and (not name or step.get("name") == name)
        and all(step.get(key) == value for key, value in fields.items())
    ]


def step(recording: Recording, name: str, **fields: str) -> Step | None:
    """The first such step."""
    return next(iter(steps(recording, name, **fields)), None)


def done(found: Step | None) -> bool:
    """Whether the platform carried the step out."""
    return found is not None and found.get("state") == "done"


def refused(found: Step | None) -> bool:
    """Whether the platform refused the step, or knew nothing of it."""
    return found is not None and found.get("state") in ("refused", "absent")


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings in a list."""
    yield from (
        one for one in (value if isinstance(value, list) else ()) if isinstance(one, Mapping)
    )


def texts(value: Any) -> list[str]:
    """The texts in a list."""
    return [one for one in (value if isinstance(value, list) else ()) if isinstance(one, str)]


def status(found: Any) -> int:
    """The status of HTTP in an answer, 0 when there is none."""
    value = mapping(found).get("status")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
