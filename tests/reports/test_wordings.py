"""Every code that a probe, a step or a visit can put into a report has its wording."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from messages import catalogue as wordings
from protocols.ip_code import Comparison
from reports.results import value_name
from standard.catalogue import catalogue

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("assessment", "targets", "visits", "probes", "steps", "reports", "console")
#: What stands in the braces of a code that a step puts together.
FILLED = {
    "codec-{}": ("h264", "mjpeg", "h265"),
    "time-zone.{}": ("mixed", "other"),
    "audio-codec.{}": ("silent", "only-noise"),
}
CONCLUSIONS = ("met", "broken", "open", "not_applicable")
DECIDED = ("within-limit", "below-limit", "above-limit", "straddles-limit", "no-interval")


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    return tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8")))
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    )


def literal(node: ast.expr) -> list[str]:
    """The codes that an expression can stand for; none where only running it would tell."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return literal(node.body) + literal(node.orelse)
    if not isinstance(node, ast.JoinedStr):
        return []
    template = "".join(
        str(piece.value) if isinstance(piece, ast.Constant) else "{}" for piece in node.values
    )
    return [
        template.format(one)
        for known, filling in FILLED.items()
        if template.startswith(known)
        for one in filling
    ]


def reasons() -> Iterator[tuple[str, str]]:
    for where, module in modules():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            conclusion = name in CONCLUSIONS and "Conclusion" in ast.unparse(node.func)
            if name == "Reason" or conclusion:
                put_together = isinstance(node.args[0], ast.JoinedStr)
                if where.startswith("steps/") or not put_together:
                    yield from ((where, code) for code in literal(node.args[0]) if "." in code)


def test_every_reason_in_the_code_is_worded() -> None:
    found = list(reasons())
    assert len(found) > 100
    missing = {(where, code) for where, code in found if f"reason.{code}" not in wordings()}
    assert sorted(missing) == []


def test_every_method_in_the_code_is_worded() -> None:
    """A method that is put together is written as its beginning."""
    missing = set()
    for where, module in modules():
        for node in ast.walk(module):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if re.fullmatch(r"method\.[a-z0-9.-]+", node.value):
                known = [key for key in wordings() if key.startswith(node.value)]
                whole = node.value in known or node.value.endswith(".")
                if not (known and whole):
                    missing.add((where, node.value))
    assert sorted(missing) == []


def test_every_quantity_of_a_probe_is_named() -> None:
    """Quantities are written as ``QUANTITY = "..."`` or as ``quantity="..."``."""
    missing = set()
    for where, module in modules():
        if not where.startswith(("probes/", "steps/")):
            continue
        for node in ast.walk(module):
            constant = isinstance(node, ast.Assign) and "QUANTITY" in ast.unparse(node.targets[0])
            if not constant and getattr(node, "arg", None) != "quantity":
                continue
            value = getattr(node, "value", None)
            for quantity in literal(value) if value is not None else []:
                if f"quantity.{quantity}" not in wordings():
                    missing.add((where, quantity))
    assert sorted(missing) == []


def test_every_limit_has_its_quantity_its_rule_and_every_outcome_worded() -> None:
    missing = set()
    for requirement in catalogue():
        for limit in requirement.limits.values():
            wanted = {f"quantity.{limit.quantity}", f"rule.{limit.rule}"}
            wanted.add(f"reason.{limit.quantity}.not-measured")
            values = limit.value if isinstance(limit.value, tuple) else (limit.value,)
            if limit.rule.startswith("ip-code"):
                wanted |= {f"reason.{limit.quantity}.{one.value}" for one in Comparison}
            elif limit.rule == "nominal" and isinstance(values[0], float):
                wanted |= {f"reason.{limit.quantity}.{outcome}" for outcome in DECIDED[:3]}
            elif limit.rule != "nominal":
                wanted |= {f"reason.{limit.quantity}.{outcome}" for outcome in DECIDED}
            missing |= {(requirement.id, key) for key in wanted if key not in wordings()}
    assert sorted(missing) == []


def test_every_nominal_value_makes_a_worded_reason() -> None:
    """The rule ``nominal`` makes the reason ``<quantity>.<value>``."""
    values = [key.removeprefix("value.") for key in wordings() if key.count(".") == 2]
    missing = {
        value
        for value in values
        if f"value.{value}" in wordings() and f"reason.{value}" not in wordings()
    }
    assert missing == set()


def test_a_nominal_value_is_worded_where_it_is_a_code() -> None:
    assert value_name("colour", "monochrome") == {"zh": "黑白", "en": "monochrome"}
    assert value_name("password-in-dictionary", False) == {"zh": "否", "en": "no"}
    assert value_name("ingress-protection", "IP66") is None
