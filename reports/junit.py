"""JUnit XML from a results document, for continuous integration servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from messages import text


def junit_xml(results: Mapping[str, Any], lang: str) -> bytes:
    """One test case a finding; what was asked for and not judged is a skipped case.

    Fail is a failure, a tool fault an error; pending, inconclusive and not tested are skipped,
    with the verdict as message, so that no server counts them as passed.
    """
    root = etree.Element("testsuites", name="tantou")
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for requirement in results["requirements"]:
        if not requirement["asked"]:
            continue
        suite = etree.SubElement(root, "testsuite", name=f"{requirement['id']} {requirement[lang]}")
        counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
        for finding in requirement["findings"] or [_unjudged(requirement)]:
            case = etree.SubElement(
                suite,
                "testcase",
                classname=requirement["id"],
                name=f"{finding['scenario']} [{finding['subject']}]",
            )
            counts["tests"] += 1
            _outcome(case, finding, lang, counts)
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
    case: etree._Element, finding: Mapping[str, Any], lang: str, counts: dict[str, int]
) -> None:
    verdict = finding["verdict"]
    message = f"{text(f'verdict.{verdict}', lang)}: {finding['reason'][lang]}"
    if verdict == "fail":
        counts["failures"] += 1
        etree.SubElement(case, "failure", message=message, type=finding["reason"]["code"])
    elif verdict == "error":
        counts["errors"] += 1
        etree.SubElement(case, "error", message=message, type=finding["reason"]["code"])
    elif verdict in ("pending", "inconclusive", "not-tested", "not-applicable"):
        counts["skipped"] += 1
        etree.SubElement(case, "skipped", message=message)
    else:
        output = etree.SubElement(case, "system-out")
        output.text = message
