"""Supply and network interfaces (4.3.1 m, n): what is declared, and what the device lists.

The declaration is the vendor's word; the device's own list of interfaces is held against it. In
the field a list may leave out what is not in use, so that a list alone never contradicts a
declared ability for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assessment.declaration import Declaration
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording

SUPPLY, AC, WIRED, SECOND = "declared-supply", "declared-ac", "wired-interface", "second-interface"
_INSTRUMENT = "declared-supply/1"
_SECOND_KINDS = {"wifi": "wifi", "4g": "mobile", "5g": "mobile", "fibre": "optical"}
_SECOND = ("wifi", "mobile", "optical")


def measure_declared_supply(
    declaration: Declaration | None, subject: str, at: datetime
) -> Measurement:
    """Whether 5 V or 12 V DC and PoE are declared.

    Quantity ``declared-supply``: ``dc-and-poe``, ``no-dc``, ``no-poe``, ``neither``; spoilt
    ``declared-supply.undeclared`` or ``.incomplete`` (one of the two is not spoken of).
    """
    direct = _stated(declaration, "supply.dc-5v", "supply.dc-12v")
    ethernet = _stated(declaration, "supply.poe")
    value: str | None = None
    if direct is False and ethernet is False:
        value = "neither"
    elif direct is False or ethernet is False:
        value = "no-dc" if direct is False else "no-poe"
    elif direct and ethernet:
        value = "dc-and-poe"
    why = "undeclared" if direct is None and ethernet is None else "incomplete"
    spoilt = None if value else Reason(f"{SUPPLY}.{why}")
    return _declared(SUPPLY, value, declaration, subject, at, spoilt)


def measure_declared_ac(declaration: Declaration | None, subject: str, at: datetime) -> Measurement:
    """Whether AC supply is declared: quantity ``declared-ac``, a truth; spoilt ``.undeclared``."""
    value = _stated(declaration, "supply.ac")
    spoilt = None if value is not None else Reason(f"{AC}.undeclared")
    return _declared(AC, value, declaration, subject, at, spoilt)


def measure_wired_interface(
    description: Recording, declaration: Declaration | None = None
) -> Measurement:
    """Whether the device has a wired interface, of a ``description`` recording.

    Quantity ``wired-interface``: ``listed``; ``not-listed``; ``contradicted`` (declared, and not
    listed); ``absent`` (declared as absent, and not listed). Spoilt when it lists nothing, or an
    interface of a kind that cannot be told. ``details``: ``listed``, ``declared``.
    """
    kinds = _kinds(description)
    declared = _stated(declaration, "interfaces.rj45")
    value: str | None = None
    spoilt: Reason | None = None
    if "ethernet" in kinds:
        value = "listed"
    elif not kinds or "unknown" in kinds:
        spoilt = description.problem or Reason(f"{WIRED}.unread")
    elif declared is None:
        value = "not-listed"
    else:
        value = "contradicted" if declared else "absent"
    return _listed(WIRED, value, description, kinds, declared, spoilt)


def measure_second_interface(
    description: Recording, declaration: Declaration | None = None
) -> Measurement:
    """Whether the device has Wi-Fi, 4G/5G or an optical interface beside the wired one.

    Quantity ``second-interface``: ``listed``, ``declared`` (and not listed, as a modem without a
    card or an optical port need not be), ``contradicted`` (only Wi-Fi is declared, and the device
    lists none), ``absent`` (declared as absent, and none is listed); spoilt
    ``second-interface.undeclared`` where neither says anything.
    """
    kinds = _kinds(description)
    stated = {one: _stated(declaration, f"interfaces.{one}") for one in _SECOND}
    found = sorted({_SECOND_KINDS[one] for one in kinds & set(_SECOND_KINDS)})
    declared = sorted(one for one, said in stated.items() if said)
    value: str | None = None
    if found:
        value = "listed"
    elif declared == ["wifi"] and kinds and "unknown" not in kinds:
        value = "contradicted"
    elif declared:
        value = "declared"
    elif all(said is False for said in stated.values()):
        value = "absent"
    spoilt = None if value else Reason(f"{SECOND}.undeclared")
    return _listed(SECOND, value, description, kinds, declared, spoilt)


def _stated(declaration: Declaration | None, *names: str) -> bool | None:
    return None if declaration is None else declaration.stated(*names)


def _kinds(description: Recording) -> set[str]:
    listed = description.facts.get("interfaces")
    return {
        str(one.get("kind"))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping)
    }


def _declared(
    quantity: str,
    value: str | bool | None,
    declaration: Declaration | None,
    subject: str,
    at: datetime,
    spoilt: Reason | None,
) -> Measurement:
    details: dict[str, Any] = {"file": None, "declared": {}}
    if declaration is not None:
        said = {name: one for name, one in declaration.values.items() if name.startswith("supply.")}
        details = {"file": declaration.file, "declared": said}
    return Measurement(
        quantity=quantity,
        value=value,
        unit="",
        instrument=_INSTRUMENT,
        method=f"method.{quantity}",
        subject=subject,
        started=at,
        ended=at,
        details=details,
        spoilt=spoilt,
    )


def _listed(
    quantity: str,
    value: str | None,
    description: Recording,
    kinds: set[str],
    declared: object,
    spoilt: Reason | None,
) -> Measurement:
    return Measurement.of(
        description,
        quantity,
        value,
        "",
        _INSTRUMENT,
        f"method.{quantity}",
        details={"listed": sorted(kinds), "declared": declared},
        spoilt=spoilt,
    )
