"""Records of evidence in a scenario: a certificate proves a model, a photograph its point."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from assessment.evidence import Attestation
from assessment.recording import Part, Recording
from assessment.verdicts import Verdict
from standard.catalogue import catalogue
from steps.acceptance import ScenarioRun
from steps.papers import every_item_is_attested
from steps.service import enclosure_is_tight_enough
from steps.subjects import subject_of
from targets.site import Certificate, Point
from tests.steps.test_acceptance import NOW, POINTS, MemoryDesk, scenario

DAY = NOW.date()
CERTIFICATE = Attestation(
    *("4.3.1-b", "certificate", (), "王芳", DAY),
    result="conforms",
    file=Part.of(b"%PDF", "application/pdf"),
    file_name="report.pdf",
    valid_until=DAY + datetime.timedelta(days=365),
    model="SIM-2M",
    printed=(("code", "IP66"), ("laboratory_mark", "CNAS")),
)


def described(model: str = "SIM-2M", firmware: str = "V5.7.3") -> Recording:
    device = {"model": model, "firmware": firmware}
    facts = {"device": device, "scopes": ["onvif://www.onvif.org/IP/IP66"]}
    return Recording("description", POINTS[0].id, NOW, NOW, facts=facts)


class Described(MemoryDesk):
    """A desk at which the first device has told of itself."""

    def history(self, kind: str, point: Point) -> list[Recording]:
        return [described()] if kind == "description" and point == POINTS[0] else []


def judged(point: Point, *records: Attestation) -> tuple[Verdict, str]:
    run = scenario("4.3.1-b")
    run.points = (point,)
    run.recordings["description"] = {point.id: described()}
    run.acceptance = replace(run.acceptance, attestations=records, desk=Described())
    enclosure_is_tight_enough(run, "IP66")
    (finding,) = run.findings
    return finding.verdict, finding.reason.code


@pytest.mark.parametrize(
    ("change", "verdict", "code"),
    [
        ({}, Verdict.PASS, "met"),
        ({"model": "SIM*"}, Verdict.PASS, "met"),
        ({"model": "", "subjects": (POINTS[0].id,)}, Verdict.PASS, "met"),
        ({"model": "", "subjects": (POINTS[1].id,)}, Verdict.PENDING, "certificate-other-model"),
        ({"model": "OTHER-9"}, Verdict.PENDING, "certificate-other-model"),
        ({"valid_until": DAY - datetime.timedelta(1)}, Verdict.PENDING, "certificate-expired"),
        ({"printed": (("code", "IP66"),)}, Verdict.PENDING, "certificate-unmarked"),
        ({"printed": ()}, Verdict.PENDING, "certificate-unmarked"),
        ({"file": None}, Verdict.PENDING, "certificate-missing"),
        ({"sha256": "0" * 64}, Verdict.PENDING, "certificate-missing"),
        ({"result": "does-not-conform"}, Verdict.PENDING, "certificate-missing"),
    ],
)
def test_a_certificate_among_the_records_proves_the_code(change, verdict, code) -> None:
    found = judged(POINTS[0], replace(CERTIFICATE, **change))
    assert found == (verdict, f"ingress-protection.{code}")


def test_the_certificate_of_the_site_file_comes_first() -> None:
    own = replace(POINTS[0], certificate=Certificate("IP65", "SIM-2M", "CNAS", "2031-01-01"))
    assert judged(own, CERTIFICATE)[0] is not Verdict.PASS


def test_a_point_without_any_certificate_is_pending() -> None:
    assert judged(POINTS[0]) == (Verdict.PENDING, "ingress-protection.certificate-missing")


def attested(requirement: str, *records: Attestation, **more: object) -> ScenarioRun:
    run = scenario(requirement)
    run.acceptance = replace(run.acceptance, attestations=records, desk=Described())
    for name, value in more.items():
        setattr(run, name, value)
    every_item_is_attested(run)
    return run


def test_a_point_is_known_by_what_its_device_said_else_by_the_inventory() -> None:
    run = scenario("4.3.1-m2")
    run.acceptance = replace(run.acceptance, desk=Described())
    declared = replace(POINTS[1], declared={"model": "SIM-4M", "firmware": "V6"})
    assert subject_of(run, POINTS[0]).model == "SIM-2M"
    assert subject_of(run, declared).firmware == "V6"


def test_a_data_sheet_closes_the_points_of_its_model_and_no_other() -> None:
    sheet = replace(CERTIFICATE, requirement="4.3.1-m2", item="ac-declared", printed=())
    found = {one.subject: one for one in attested("4.3.1-m2", sheet).findings}
    assert found[POINTS[0].id].verdict is Verdict.PASS
    assert found[POINTS[1].id].reason.code == "checklist.model-unknown"


def test_points_of_other_scenes_and_no_points_at_all() -> None:
    run = attested("4.3.2-b1", points=(), outside=POINTS)
    assert {one.verdict for one in run.findings} == {Verdict.NOT_APPLICABLE}
    run = attested("4.3.2-b1", points=())
    assert [one.reason.code for one in run.findings] == ["scenario.no-point"]


def test_what_is_of_the_site_is_judged_once() -> None:
    assert [one.subject for one in attested("4.4.5-c").findings] == ["site"]


@pytest.mark.parametrize(
    "requirement",
    [one.id for one in catalogue() if one.attested_by_point and one.subject == "site"],
)
def test_every_requirement_that_is_attested_by_point_says_so(requirement: str) -> None:
    items = catalogue()[requirement].checklist
    assert {item.scope for item in items} == {"point"}


def test_no_paper_of_a_camera_is_one_of_the_site() -> None:
    wide = [
        item.item
        for one in catalogue()
        if one.subject == "camera"
        for item in one.checklist
        if item.scope == "site"
    ]
    assert wide == []
