"""Named behaviours that can be switched on: defects, and variants that are unusual but compliant.

Whoever plays a device or a platform keeps one ``Behaviours`` and declares each behaviour where it
is implemented, with one sentence and, where it was met in the field, the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Behaviour:
    """One switch.

    Attributes:
        name: as the catalogue and the defect matrix call it.
        kind: ``defect`` breaks a requirement, ``variant`` is compliant all the same.
        sentence: what the device or the platform does, in English.
        seen: where it was met in the field (``owner/repo#n`` or a site), "" if only imagined.
    """

    name: str
    kind: Literal["defect", "variant"]
    sentence: str
    seen: str = ""


class Behaviours:
    """The behaviours that one side has declared."""

    def __init__(self) -> None:
        self._declared: dict[str, Behaviour] = {}

    def defect(self, name: str, sentence: str, seen: str = "") -> str:
        """Declare a defect and return its name. Declaring a name twice is a programming error."""
        return self._declare(Behaviour(name, "defect", sentence, seen))

    def variant(self, name: str, sentence: str, seen: str = "") -> str:
        """Declare a compliant variant and return its name."""
        return self._declare(Behaviour(name, "variant", sentence, seen))

    def registry(self) -> dict[str, Behaviour]:
        """All behaviours declared by the modules imported so far, by name."""
        return dict(self._declared)

    def _declare(self, behaviour: Behaviour) -> str:
        if behaviour.name in self._declared:
            raise ValueError(f"behaviour {behaviour.name!r} is declared twice")
        self._declared[behaviour.name] = behaviour
        return behaviour.name
