"""Which marking stands, and what it proves: each defect by its own reason."""

import datetime
from dataclasses import dataclass, replace

import pytest

from assessment.decision import decide
from assessment.reason import Reason
from assessment.recording import Part, Recording
from messages import catalogue as wordings
from messages import text
from probes.ingress_protection import measure_ingress_protection
from standard.catalogue import catalogue

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
TODAY = NOW.date()
LIMIT = catalogue()["4.3.1-b"].limits["ingress-protection"]


@dataclass(frozen=True)
class Paper:
    code: str = "IP66"
    model: str = "SIM-2M"
    laboratory_mark: str = "CNAS L0000"
    valid_until: str = "2027-01-01"
    number: str = "R-1"


def description(*scopes: str, model: str = "SIM-2M", problem: str = "") -> Recording:
    facts = {"device": {"model": model, "firmware": "1.0"}, "scopes": list(scopes)}
    return Recording(
        "description",
        "p1",
        NOW,
        NOW,
        facts={} if problem else facts,
        problem=Reason(problem) if problem else None,
    )


IP66 = "onvif://www.onvif.org/IP/IP66"


def outcome(*scopes: str, claim: str = "IP66", paper: Paper | None = Paper(), **more):
    recording = more.pop("recording", None) or description(*scopes, **more)
    measurement = measure_ingress_protection(
        recording, claim=claim, declared_model="SIM-2M", certificate=paper, today=TODAY
    )
    decision = decide(LIMIT, measurement)
    assert decision.reason.key in wordings()
    assert "{" not in text(decision.reason.key, "zh", **decision.reason.parameters)
    return decision.verdict.value, decision.reason.code.removeprefix("ingress-protection.")


def scope(code: str) -> str:
    return f"onvif://www.onvif.org/IP/{code}"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: outcome(IP66), ("pass", "met")),
        (lambda: outcome(), ("pass", "met")),
        (lambda: outcome(IP66, claim=""), ("pass", "met")),
        (
            lambda: outcome(scope("IP66%2FIP67"), claim="IP66/IP67", paper=Paper("IP66/IP67")),
            ("pass", "met"),
        ),
        (
            lambda: outcome(scope("IP67"), claim="IP66", paper=Paper("IP66/IP67")),
            ("pass", "met"),
        ),
        (
            lambda: outcome(scope("IP66/IP68"), claim="IP66/IP68", paper=Paper("IP66/IP68")),
            ("pass", "met"),
        ),
        (
            lambda: outcome(scope("IP69K/IP66"), claim="IP66", paper=Paper("IP69K/IP66")),
            ("pass", "met"),
        ),
        (lambda: outcome(IP66, paper=Paper(model="SIM-1M, SIM-2M")), ("pass", "met")),
        (lambda: outcome(IP66, paper=Paper(model="SIM 系列")), ("pass", "met")),
        (lambda: outcome(IP66, paper=Paper(model="sim-2m")), ("pass", "met")),
        (lambda: outcome(IP66, paper=Paper(valid_until="2026-06-01")), ("pass", "met")),
        (lambda: outcome(IP66, paper=Paper(valid_until="")), ("pass", "met")),
    ],
)
def test_good_papers_pass(found, expected) -> None:
    assert found() == expected


DEFECTS = {
    "ip65-claimed": lambda: outcome(scope("IP65"), claim="IP65", paper=Paper("IP65")),
    "claim-missing": lambda: outcome(claim="", paper=None),
    "ip67-only-no-jet-proof": lambda: outcome(scope("IP67"), claim="IP67", paper=Paper("IP67")),
    "certificate-other-model": lambda: outcome(IP66, paper=Paper(model="SIM-4M")),
    "certificate-expired": lambda: outcome(IP66, paper=Paper(valid_until="2026-05-31")),
    "claims-disagree": lambda: outcome(scope("IP67"), claim="IP65"),
    "certificate-without-laboratory-mark": lambda: outcome(IP66, paper=Paper(laboratory_mark="")),
    "ip6x": lambda: outcome(scope("IP6X"), claim="IP6X", paper=Paper("IP6X")),
    "malformed-code": lambda: outcome(scope("IP666"), claim="IP66"),
}


@pytest.mark.parametrize("defect", catalogue()["4.3.1-b"].defects, ids=lambda one: one.name)
def test_each_defect_is_caught_for_its_own_reason(defect) -> None:
    assert outcome_of(defect.name) == (defect.verdict, defect.reason)


def outcome_of(name: str) -> tuple[str, str]:
    verdict, code = DEFECTS[name]()
    return verdict, f"ingress-protection.{code}"


def test_all_defects_have_different_reasons() -> None:
    assert len({outcome_of(name) for name in DEFECTS}) == len(DEFECTS) == 9


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: outcome(IP66, paper=None), ("pending", "certificate-missing")),
        (lambda: outcome(scope("IP65"), claim="IP65", paper=None), ("fail", "below-limit")),
        (lambda: outcome(claim=""), ("pending", "claim-missing")),
        (lambda: outcome(IP66, paper=Paper(code="")), ("pending", "certificate-missing")),
        (lambda: outcome(IP66, paper=Paper(code="IP65")), ("inconclusive", "claims-disagree")),
        (
            lambda: outcome(IP66, paper=Paper(valid_until="next year")),
            ("pending", "certificate-undated"),
        ),
        (
            lambda: outcome(IP66, paper=Paper(laboratory_mark="self")),
            ("pending", "certificate-unmarked"),
        ),
        (lambda: outcome(IP66, paper=Paper(code="防水")), ("inconclusive", "malformed")),
        (lambda: outcome(IP66, claim="waterproof"), ("inconclusive", "malformed")),
        (
            lambda: outcome(scope("IP69K"), claim="IP69K", paper=Paper("IP69K")),
            ("inconclusive", "other-standard"),
        ),
        (
            lambda: outcome(recording=description(problem="visit.refused")),
            ("inconclusive", "device-unread"),
        ),
    ],
)
def test_other_papers(found, expected) -> None:
    assert found() == expected


def test_without_any_model_the_certificate_cannot_be_matched() -> None:
    measurement = measure_ingress_protection(
        description(IP66, model=""), certificate=Paper(), today=TODAY
    )
    assert measurement.spoilt is not None
    assert measurement.spoilt.code == "ingress-protection.model-unknown"


def test_a_model_called_like_a_code_is_no_claim() -> None:
    for model in ("IP4M-1041W", "IP66-CAM", "IPC-HFW2431S", "VIP66"):
        measurement = measure_ingress_protection(description(model=model), today=TODAY)
        assert measurement.details["claims"] == {}
    measurement = measure_ingress_protection(description(model="Dome IP67/IP66"), today=TODAY)
    assert measurement.details["claims"] == {"device model": "IP67/IP66"}


def test_a_scope_elsewhere_is_read_too() -> None:
    measurement = measure_ingress_protection(
        description("onvif://www.onvif.org/hardware/IP66"), today=TODAY
    )
    assert measurement.details["claims"] == {"scope 1": "IP66"}


def test_a_site_may_take_an_undisputed_claim() -> None:
    for code, expected in (("IP66", "pass"), ("IP65", "fail"), ("IP6", "inconclusive")):
        measurement = measure_ingress_protection(
            description(scope(code)), claim=code, certificate_needed=False, today=TODAY
        )
        assert decide(LIMIT, measurement).verdict == expected
    disputed = measure_ingress_protection(
        description(scope("IP67")), claim="IP66", certificate_needed=False, today=TODAY
    )
    assert decide(LIMIT, disputed).reason.code == "ingress-protection.claims-disagree"


def test_a_site_may_take_immersion_as_proof_of_jets() -> None:
    lenient = catalogue().with_readings({"R-008": "lenient"})["4.3.1-b"].limits[LIMIT.quantity]
    for code, expected in (("IP67", "pass"), ("IP68", "pass"), ("IP57", "fail"), ("IP65", "fail")):
        measurement = measure_ingress_protection(
            description(scope(code)), claim=code, certificate=Paper(code), today=TODAY
        )
        assert decide(lenient, measurement).verdict == expected


def test_an_address_in_the_scope_is_no_claim() -> None:
    measurement = measure_ingress_protection(description(scope("192.0.2.7")), today=TODAY)
    assert measurement.details["claims"] == {}


def test_broken_facts_are_no_claims() -> None:
    recording = replace(description(), facts={"device": "x", "scopes": {"a": 1}})
    measurement = measure_ingress_protection(recording, today=TODAY)
    assert measurement.spoilt is not None
    assert measurement.spoilt.code == "ingress-protection.claim-missing"


def test_the_scan_is_kept_as_evidence() -> None:
    scan = Part.of(b"%PDF", "application/pdf")
    measurement = measure_ingress_protection(
        description(IP66), certificate=Paper(), today=TODAY, scan=scan
    )
    assert measurement.evidence == {"certificate": scan}
    assert measurement.details["certificate"]["number"] == "R-1"
