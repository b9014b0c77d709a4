from datetime import UTC, datetime
from typing import Any

import pytest

from assessment.declaration import Declaration
from assessment.reason import Reason
from assessment.recording import Recording
from probes.declared_supply import (
    measure_declared_ac,
    measure_declared_supply,
    measure_second_interface,
    measure_wired_interface,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
NONE = {f"interfaces__{one}": False for one in ("wifi", "mobile", "optical")}


def declared(**values: bool) -> Declaration:
    named = {name.replace("__", ".").replace("_", "-"): said for name, said in values.items()}
    return Declaration("c.yaml", ("A",), values=named)


def lists(*kinds: str, **more: Any) -> Recording:
    facts = {"interfaces": [{"kind": kind} for kind in kinds]}
    return Recording("description", "p", AT, AT, facts=facts, **more)


@pytest.mark.parametrize(
    ("values", "value", "spoilt"),
    [
        ({"supply__dc_12v": True, "supply__poe": True}, "dc-and-poe", None),
        ({"supply__dc_5v": True, "supply__dc_12v": False, "supply__poe": True}, "dc-and-poe", None),
        ({"supply__dc_12v": False, "supply__poe": True}, "no-dc", None),
        ({"supply__dc_12v": True, "supply__poe": False}, "no-poe", None),
        ({"supply__dc_12v": False, "supply__poe": False}, "neither", None),
        ({"supply__poe": False}, "no-poe", None),
        ({"supply__dc_12v": True}, None, "declared-supply.incomplete"),
        ({"supply__ac": True}, None, "declared-supply.undeclared"),
    ],
)
def test_the_declared_supply(values: dict[str, bool], value: str, spoilt: str | None) -> None:
    measured = measure_declared_supply(declared(**values), "p", AT)
    assert measured.value == value
    assert (measured.spoilt.code if measured.spoilt else None) == spoilt


def test_ac_is_a_truth_and_nothing_declared_is_no_value() -> None:
    assert measure_declared_ac(declared(supply__ac=True), "p", AT).value is True
    assert measure_declared_ac(declared(supply__ac=False), "p", AT).value is False
    assert measure_declared_ac(None, "p", AT).spoilt == Reason("declared-ac.undeclared")


@pytest.mark.parametrize(
    ("kinds", "said", "value", "spoilt"),
    [
        (("ethernet",), None, "listed", None),
        (("wifi", "ethernet"), False, "listed", None),
        (("wifi",), None, "not-listed", None),
        (("wifi",), True, "contradicted", None),
        (("wifi",), False, "absent", None),
        (("wifi", "unknown"), False, None, "wired-interface.unread"),
        ((), False, None, "wired-interface.unread"),
    ],
)
def test_a_wired_interface(
    kinds: tuple[str, ...], said: bool | None, value: str | None, spoilt: str | None
) -> None:
    of = None if said is None else declared(interfaces__rj45=said)
    measured = measure_wired_interface(lists(*kinds), of)
    assert measured.value == value
    assert (measured.spoilt.code if measured.spoilt else None) == spoilt


@pytest.mark.parametrize(
    ("kinds", "values", "value"),
    [
        (("ethernet", "wifi"), {}, "listed"),
        (("4g",), {"interfaces__mobile": False}, "listed"),
        (("ethernet",), {"interfaces__wifi": True}, "contradicted"),
        (("ethernet", "unknown"), {"interfaces__wifi": True}, "declared"),
        ((), {"interfaces__wifi": True}, "declared"),
        (("ethernet",), {"interfaces__optical": True}, "declared"),
        (("ethernet",), NONE, "absent"),
        (("ethernet",), {"interfaces__wifi": False}, None),
        (("ethernet",), {}, None),
    ],
)  # fmt: skip
def test_a_second_interface(
    kinds: tuple[str, ...], values: dict[str, bool], value: str | None
) -> None:
    measured = measure_second_interface(lists(*kinds), declared(**values))
    assert measured.value == value
    assert (measured.spoilt is None) == (value is not None)


def test_a_device_that_could_not_be_asked_is_told_from_one_that_lists_nothing() -> None:
    problem = Reason("visit.refused")
    silent = Recording("description", "p", AT, AT, facts={"interfaces": "?"}, problem=problem)
    assert measure_wired_interface(silent).spoilt == problem
