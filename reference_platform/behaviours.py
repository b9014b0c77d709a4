"""The registry of the platform's named defects and compliant variants.

Each is declared where it is implemented, with one sentence and the place where it was met in the
field. They are switched on by the plan of a test host alone: no option, page or API reaches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Behaviour:
    """One switch of the platform.

    Attributes:
        name: as the catalogue and the defect matrix call it.
        kind: ``defect`` breaks a requirement, ``variant`` is compliant all the same.
        sentence: what the platform does, in English.
        seen: where it was met in the field (``owner/repo#n``), "" if only imagined.
    """

    name: str
    kind: Literal["defect", "variant"]
    sentence: str
    seen: str = ""


_REGISTRY: dict[str, Behaviour] = {}


def defect(name: str, sentence: str, seen: str = "") -> str:
    """Declare a defect and return its name. Declaring a name twice is a programming error."""
    return _declare(Behaviour(name, "defect", sentence, seen))


def variant(name: str, sentence: str, seen: str = "") -> str:
    """Declare a compliant variant and return its name."""
    return _declare(Behaviour(name, "variant", sentence, seen))


def _declare(behaviour: Behaviour) -> str:
    if behaviour.name in _REGISTRY:
        raise ValueError(f"behaviour {behaviour.name!r} is declared twice")
    _REGISTRY[behaviour.name] = behaviour
    return behaviour.name


def registry() -> dict[str, Behaviour]:
    """All behaviours declared by the platform's modules imported so far, by name."""
    return dict(_REGISTRY)
