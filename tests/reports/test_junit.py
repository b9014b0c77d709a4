"""JUnit XML: the rules that continuous integration servers share, whatever a device sends."""

import copy
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from reports.junit import junit_xml
from tests.reports.synthetic import HOSTILE, document, store

#: What Jenkins, GitLab and the Surefire schema agree on.
RULES = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:complexType name="outcome"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="message" type="xs:string"/><xs:attribute name="type" type="xs:string"/>
  </xs:extension></xs:simpleContent></xs:complexType>
  <xs:attributeGroup name="counts">
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="skipped" type="xs:nonNegativeInteger" use="required"/>
  </xs:attributeGroup>
  <xs:element name="testsuites"><xs:complexType><xs:sequence>
    <xs:element name="testsuite" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="testcase" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
        <xs:choice minOccurs="0">
          <xs:element name="failure" type="outcome"/><xs:element name="error" type="outcome"/>
          <xs:element name="skipped" type="outcome"/>
          <xs:element name="system-out" type="xs:string"/>
        </xs:choice>
        <xs:attribute name="name" type="xs:string" use="required"/>
        <xs:attribute name="classname" type="xs:string" use="required"/>
      </xs:complexType></xs:element>
    </xs:sequence><xs:attributeGroup ref="counts"/></xs:complexType></xs:element>
  </xs:sequence><xs:attributeGroup ref="counts"/></xs:complexType></xs:element>
</xs:schema>
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with store(tmp_path_factory.mktemp("run") / "run") as made:
        return document(made)


def read(results: dict[str, Any], lang: str = "zh") -> etree._Element:
    root = etree.fromstring(junit_xml(results, lang))
    etree.XMLSchema(etree.XML(RULES)).assertValid(root)
    return root


def test_the_counts_add_up(results: dict[str, Any]) -> None:
    root = read(results)
    kinds = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for element in (root, *root.iter("testsuite")):
        for count, tag in kinds.items():
            assert int(element.get(count, "")) == len(list(element.iter(tag))), count
    assert {name: int(root.get(name, "")) for name in kinds} == {
        "tests": 7,
        "failures": 2,
        "errors": 1,
        "skipped": 2,
    }


def test_only_what_was_asked_for_is_a_suite_and_what_was_not_judged_is_skipped(
    results: dict[str, Any],
) -> None:
    root = read(results)
    suites = [suite.get("name", "").split()[0] for suite in root.iter("testsuite")]
    assert suites == ["4.3.1-c1", "4.3.1-c2", "4.3.1-c3", "4.3.3.5-b", "5.3-a"]
    assert root.find("testsuite/testcase/skipped").get("message").startswith("未测")


def test_a_failure_names_its_reason_and_how_to_repeat_it(results: dict[str, Any]) -> None:
    failure = read(results, "en").find(".//failure")
    assert failure.get("type") == "frame-rate.below-limit"
    assert "20.013 fps" in failure.get("message")
    assert "python3 accept.py run --only 4.3.1-c2" in failure.text


def test_a_waived_fail_is_skipped_with_its_reason(results: dict[str, Any]) -> None:
    waived = copy.deepcopy(results)
    row = next(one for one in waived["requirements"] if one["id"] == "4.3.1-c3")
    row["waiver"] = {"reason": "repaired next week", "owner": "Li", "until": "2026-12-01"}
    root = read(waived, "en")
    assert root.get("failures") == "1"
    assert any("repaired next week" in one.get("message") for one in root.iter("skipped"))


def test_nothing_that_a_device_sends_breaks_it(results: dict[str, Any], tmp_path: Path) -> None:
    broken = copy.deepcopy(results)
    for row in broken["requirements"]:
        for finding in row["findings"]:
            finding["subject"] = finding["scenario"] = HOSTILE + "\ud800"
            finding["reason"] |= {"zh": HOSTILE, "en": HOSTILE, "code": HOSTILE}
    root = read(broken)
    assert max(len(one.get("name", "")) for one in root.iter("testcase")) < 250
