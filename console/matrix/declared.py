"""What is declared of cameras on the stage of the matrix, by defect or variant."""

from __future__ import annotations

from assessment.declaration import Declaration, Value

_SOUND: dict[str, Value] = {
    "supply.dc-12v": True,
    "supply.poe": True,
    "supply.ac": True,
    "interfaces.rj45": True,
}
_VALUES: dict[str, dict[str, Value]] = {
    "supply-undeclared": {"interfaces.rj45": True},
    "poe-declared-absent": {**_SOUND, "supply.poe": False},
    "only-mains-declared": {**_SOUND, "supply.dc-12v": False},
    "supply-declared": _SOUND,
    "ac-declared-absent": {**_SOUND, "supply.ac": False},
    "no-wired-interface": {**_SOUND, "interfaces.rj45": False},
    "wired-interface-unlisted": _SOUND,
    "no-second-interface": {
        "interfaces.wifi": False,
        "interfaces.mobile": False,
        "interfaces.optical": False,
    },
    "wifi-declared-only": {"interfaces.wifi": True},
    "optical-declared": {"interfaces.optical": True},
}
#: Those that are no behaviour of a camera: it is sound, and what is declared of it differs.
DECLARED_ONLY = frozenset(_VALUES) - {"no-wired-interface", "wired-interface-unlisted"}
#: One for each; no model is theirs, so that only a point that names one has it.
DECLARATIONS = tuple(
    Declaration(f"{name}.yaml", ("matrix",), values=values) for name, values in _VALUES.items()
)


def declaration_file(name: str) -> str:
    """What a point of the cell ``name`` names as its declaration, "" for nothing."""
    return f"{name}.yaml" if name in _VALUES else ""
