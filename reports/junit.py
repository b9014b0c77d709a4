"""JUnit XML from a results document, for continuous integration servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from messages import text
from reports.plain import plain
from reports.views import repeat_command

_SKIPPED = ("pending", "inconclusive", "not-tested", "not-applicable")
_COUNTS = ("tests", "failures", "errors", "skipped")
_LONGEST_NAME = 200


def junit_xml(results: Mapping[str, Any], lang: str) -> bytes:
    """One test case a finding; what was asked for and not judged is a skipped case.

    Fail is a failure, a tool fault an error; pending, inconclusive, not tested and waived are
    skipped, with the verdict as message, so that no server counts them as passed.
    """
    root = etree.Element("testsuites", name="tantou")
    totals = dict.fromkeys(_COUNTS, 0)
    for requirement in results["requirements"]:
        if not requirement["asked"]:
            continue
        suite = etree.SubElement(root, "testsuite", name=f"{requirement['id']} {requirement[lang]}")
        counts = dict.fromkeys(_COUNTS, 0)
        for finding in requirement["findings"] or [_unjudged(requirement)]:
            name = f"{finding['scenario']} [{finding['subject']}]"
            case = etree.SubElement(
                suite, "testcase", classname=requirement["id"], name=plain(name, _LONGEST_NAME)
            )
            counts["tests"] += 1
            again = repeat_command(results["run"], requirement["id"])
            _outcome(case, finding, requirement, again, lang, counts)
        for name, count in counts.items():
            suite.set(name, str(count))
            totals[name] += count
    for name, count in totals.items():
        root.set(name, str(count))
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return content


def _unjudged(requirement: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "scenario": requirement["id"],
        "subject": "site",
        "verdict": requirement["verdict"],
        "reason": requirement["reason"],
    }


def _outcome(
    case: etree._Element,
    finding: Mapping[str, Any],
    requirement: Mapping[str, Any],
    again: str,
    lang: str,
    counts: dict[str, int],
) -> None:
    verdict, waiver = finding["verdict"], requirement["waiver"]
    message = plain(f"{text(f'verdict.{verdict}', lang)}: {finding['reason'][lang]}")
    if verdict == "fail" and waiver is not None:
        counts["skipped"] += 1
        waived = text("report.waived", lang, **waiver)
        etree.SubElement(case, "skipped", message=plain(f"{waived} {message}"))
    elif verdict in ("fail", "error"):
        kind, counted = ("failure", "failures") if verdict == "fail" else ("error", "errors")
        counts[counted] += 1
        code = plain(finding["reason"]["code"], _LONGEST_NAME)
        element = etree.SubElement(case, kind, message=message, type=code)
        element.text = plain(f"{message}\n{text('report.reproduce', lang)} {again}")
    elif verdict in _SKIPPED:
        counts["skipped"] += 1
        etree.SubElement(case, "skipped", message=message)
    else:
        etree.SubElement(case, "system-out").text = message
