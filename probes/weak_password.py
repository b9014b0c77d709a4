"""Weak passwords: what a bounded trial found, and the properties of the declared password.

The password itself is never here: the trial names its candidates by label, and of the declared
password only its length, classes and likenesses were noted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording

INSTRUMENT = "weak-password/1"
QUANTITY = "weak-password"
_ANSWERED = frozenset({"refused", "accepted", "locked"})
#: Properties of the declared password by quantity: the fact's name and the unit.
_PROPERTIES = {
    "password-length": ("length", "{character}"),
    "password-classes": ("classes", "{class}"),
    "password-in-dictionary": ("in_dictionary", ""),
    "password-equals-user": ("equals_user", ""),
}


def measure_weak_password(recording: Recording) -> Measurement:
    """What the trial of a ``passwords`` recording found.

    The value is the gravest of ``accepted`` (a candidate was let in), ``anonymous`` (no password
    is asked for), ``telnet-open``, ``locked-out`` (the device locked before all candidates were
    tried, none was accepted) and ``none-found``. Spoilt when nothing was tried, a service whose
    port is open never answered, or the trial ended early for another reason than a lock.
    """
    attempts = [one for one in _listed(recording.facts.get("attempts")) if isinstance(one, dict)]
    anonymous = sorted(
        str(service)
        for service, allowed in _mapping(recording.facts.get("anonymous")).items()
        if allowed is True
    )
    ports = _mapping(recording.facts.get("ports"))
    accepted = [one for one in attempts if one.get("outcome") == "accepted"]
    value: str | None = None
    if accepted:
        value = "accepted"
    elif anonymous:
        value = "anonymous"
    elif ports.get("telnet") == "open":
        value = "telnet-open"
    spoilt = None
    if value is None:
        spoilt = _spoilt(recording, attempts, ports)
        if spoilt is None:
            value = "locked-out" if _locked(attempts) else "none-found"
    return _measurement(
        recording,
        QUANTITY,
        value,
        "",
        spoilt,
        {
            "accepted": [
                {name: one.get(name) for name in ("service", "user", "candidate")}
                for one in accepted
            ],
            "anonymous": anonymous,
            "ports": dict(ports),
            "outcomes": _outcomes(attempts),
            "stopped_early": recording.facts.get("stopped_early"),
        },
    )


def measure_password_properties(recording: Recording) -> tuple[Measurement, ...]:
    """The declared password's properties, one measurement each.

    ``password-length`` in characters, ``password-classes`` (lower case, upper case, digits,
    other), ``password-in-dictionary`` and ``password-equals-user`` as truths. Spoilt when the
    recording holds no properties.
    """
    declared = _mapping(recording.facts.get("declared"))
    return tuple(
        _property(recording, quantity, declared.get(name), unit)
        for quantity, (name, unit) in _PROPERTIES.items()
    )


def _property(recording: Recording, quantity: str, found: Any, unit: str) -> Measurement:
    usable = isinstance(found, bool) if not unit else _is_count(found)
    spoilt = None if usable else Reason(f"{quantity}.not-declared")
    value = found if usable else None
    return _measurement(recording, quantity, value, unit, spoilt, {})


def _spoilt(
    recording: Recording, attempts: Sequence[Mapping[str, Any]], ports: Mapping[str, Any]
) -> Reason | None:
    """Why "nothing found" would be luck."""
    if recording.problem is not None:
        return Reason("weak-password.visit-failed", {"problem": recording.problem.within})
    if not attempts:
        return Reason("weak-password.nothing-tried")
    stopped = recording.facts.get("stopped_early")
    if stopped is not None and not _locked(attempts):
        return Reason("weak-password.stopped-early", {"why": str(stopped)})
    tried = {str(one.get("service")) for one in attempts}
    answered = {str(one.get("service")) for one in attempts if str(one.get("outcome")) in _ANSWERED}
    mute = sorted(service for service in tried - answered if ports.get(service) != "closed")
    untried = sorted(
        str(service)
        for service, state in ports.items()
        if state == "open" and service not in tried and service != "telnet"
    )
    if not answered:
        return Reason("weak-password.no-answer", {"services": ", ".join(sorted(tried))})
    if mute or untried:
        return Reason("weak-password.no-answer", {"services": ", ".join(mute + untried)})
    return None


def _locked(attempts: Sequence[Mapping[str, Any]]) -> bool:
    return any(one.get("outcome") == "locked" for one in attempts)


def _outcomes(attempts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """How often each outcome came, by service."""
    counts: dict[str, Counter[str]] = {}
    for one in attempts:
        counts.setdefault(str(one.get("service")), Counter())[str(one.get("outcome"))] += 1
    return {service: dict(found) for service, found in counts.items()}


def _measurement(
    recording: Recording,
    quantity: str,
    value: float | str | bool | None,
    unit: str,
    spoilt: Reason | None,
    details: Mapping[str, Any],
) -> Measurement:
    exact = value if _is_count(value) else None
    return Measurement.of(
        recording,
        quantity=quantity,
        value=value,
        unit=unit,
        lower=exact,
        upper=exact,
        instrument=INSTRUMENT,
        method=f"method.{QUANTITY if quantity == QUANTITY else 'password-properties'}",
        details=details,
        spoilt=spoilt,
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
