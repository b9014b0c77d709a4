"""Decision rules: a pass is never lucky and a fail never wrong."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.decision import decide, describe, for_obligation
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.verdicts import Verdict
from messages import catalogue as wordings
from messages import text
from standard.catalogue import Limit, catalogue

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def measured(value, lower=None, upper=None, *, quantity="q", unit="s", **more) -> Measurement:
    return Measurement(
        quantity=quantity,
        value=value,
        unit=unit,
        instrument="q/1",
        method="q",
        subject="p",
        started=NOW,
        ended=NOW,
        lower=lower,
        upper=upper,
        **more,
    )


def outcome(limit: Limit, measurement: Measurement) -> tuple[str, str]:
    decision = decide(limit, measurement)
    return decision.verdict.value, decision.reason.code


FRAME_RATE = catalogue()["4.3.1-c2"].limits["frame-rate"]


@pytest.mark.parametrize(
    ("bound", "value", "lower", "upper", "expected"),
    [
        ("at_least", 1.5, 1.2, 1.8, ("pass", "q.within-limit")),
        ("at_least", 1.2, 1.0, 1.4, ("pass", "q.within-limit")),
        ("at_least", 0.5, 0.3, 0.7, ("fail", "q.below-limit")),
        ("at_least", 1.1, 0.9, 1.3, ("inconclusive", "q.straddles-limit")),
        ("at_least", 0.9, 0.8, 1.0, ("inconclusive", "q.straddles-limit")),
        ("at_most", 0.5, 0.4, 0.6, ("pass", "q.within-limit")),
        ("at_most", 1.5, 1.4, 1.6, ("fail", "q.above-limit")),
        ("at_most", 1.0, 0.9, 1.1, ("inconclusive", "q.straddles-limit")),
        ("less_than", 0.9, 0.8, 1.0, ("inconclusive", "q.straddles-limit")),
        ("less_than", 0.9, 0.8, 0.99, ("pass", "q.within-limit")),
        ("less_than", 1.1, 1.0, 1.2, ("fail", "q.above-limit")),
        ("within", -1.1, -1.2, -1.05, ("fail", "q.below-limit")),
        ("within", 1.1, 1.05, 1.2, ("fail", "q.above-limit")),
        ("within", 0.0, -0.9, 0.9, ("pass", "q.within-limit")),
        ("within", 0.0, -1.2, 1.2, ("inconclusive", "q.straddles-limit")),
        ("at_least", 2.0, None, None, ("inconclusive", "q.no-interval")),
    ],
)
def test_guarded(bound, value, lower, upper, expected) -> None:
    limit = Limit("q", bound, 1.0, "s", "guarded")
    assert outcome(limit, measured(value, lower, upper)) == expected


@pytest.mark.parametrize(
    ("value", "uncertainty", "expected"),
    [
        (24.99875, 0.02, ("pass", "frame-rate.within-limit")),
        (24.96, 0.04, ("pass", "frame-rate.within-limit")),
        (30.0, 0.05, ("pass", "frame-rate.within-limit")),
        (30.0, 0.4, ("pass", "frame-rate.within-limit")),
        (25.0, 0.2, ("inconclusive", "frame-rate.straddles-limit")),
        (24.93, 0.04, ("inconclusive", "frame-rate.straddles-limit")),
        (24.0, 0.05, ("fail", "frame-rate.below-limit")),
        (24.85, 0.05, ("fail", "frame-rate.below-limit")),
        (20.0, 0.3, ("fail", "frame-rate.below-limit")),
    ],
)
def test_tolerance(value, uncertainty, expected) -> None:
    measurement = measured(
        value, value - uncertainty, value + uncertainty, quantity="frame-rate", unit="fps"
    )
    assert outcome(FRAME_RATE, measurement) == expected


def test_tolerance_without_an_interval_is_open() -> None:
    bare = measured(25.0, quantity="frame-rate", unit="fps")
    assert outcome(FRAME_RATE, bare) == ("inconclusive", "frame-rate.no-interval")


@pytest.mark.parametrize(
    ("limit", "value", "expected"),
    [
        (Limit("q", "equals", "colour", "", "nominal"), "colour", ("pass", "q.colour")),
        (Limit("q", "equals", "colour", "", "nominal"), "grey", ("fail", "q.grey")),
        (
            Limit("q", "equals", "a", "", "nominal", inconclusive=("b",)),
            "b",
            ("inconclusive", "q.b"),
        ),
        (Limit("q", "one_of", ("a", "b"), "", "nominal"), "b", ("pass", "q.b")),
        (Limit("q", "one_of", ("a", "b"), "", "nominal"), "c", ("fail", "q.c")),
        (Limit("q", "equals", True, "", "nominal"), True, ("pass", "q.holds")),
        (Limit("q", "equals", True, "", "nominal"), False, ("fail", "q.does-not-hold")),
        (Limit("q", "equals", 8.0, "s", "nominal"), 8.0, ("pass", "q.within-limit")),
        (Limit("q", "equals", 8.0, "s", "nominal"), 0, ("fail", "q.below-limit")),
        (Limit("q", "equals", 8.0, "s", "nominal"), 9, ("fail", "q.above-limit")),
        (Limit("q", "at_least", 1080.0, "s", "nominal"), 1080, ("pass", "q.within-limit")),
        (Limit("q", "at_least", 1080.0, "s", "nominal"), 1072, ("fail", "q.below-limit")),
        (Limit("q", "at_most", 10.0, "s", "nominal"), 10.01, ("fail", "q.above-limit")),
        (Limit("q", "at_least", "IP66", "", "ip-code"), "IP66/IP67", ("pass", "q.met")),
        (Limit("q", "at_least", "IP66", "", "ip-code"), "IP65", ("fail", "q.below-limit")),
        (
            Limit("q", "at_least", "IP66", "", "ip-code"),
            "IP67",
            ("inconclusive", "q.jets-unproven"),
        ),
        (Limit("q", "at_least", "IP66", "", "ip-code"), "dry", ("inconclusive", "q.malformed")),
    ],
)
def test_nominal(limit, value, expected) -> None:
    assert outcome(limit, measured(value, unit=limit.unit)) == expected


def test_one_sided_bounds_of_a_share_are_preferred() -> None:
    limit = catalogue()["5.3-a"].limits["online-rate"]
    share = measured(
        0.92,
        0.848,
        0.965,
        quantity="online-rate",
        unit="1",
        details={"one_sided_lower": 0.86, "one_sided_upper": 0.96},
    )
    assert outcome(limit, share) == ("pass", "online-rate.within-limit")
    bare = measured(0.92, 0.848, 0.965, quantity="online-rate", unit="1")
    assert outcome(limit, bare) == ("inconclusive", "online-rate.straddles-limit")
    assert decide(limit, bare).reason.parameters["measured"] == pytest.approx(92)
    assert decide(limit, bare).reason.parameters["unit"] == "%"


def test_no_data_is_never_compared() -> None:
    limit = Limit("q", "at_least", 1.0, "s", "guarded", pending=("q.no-paper",))
    spoilt = measured(5.0, 4.9, 5.1, spoilt=Reason("q.loss", {"lost": 3}))
    assert decide(limit, spoilt).verdict is Verdict.INCONCLUSIVE
    assert decide(limit, spoilt).reason == Reason("q.loss", {"lost": 3})
    assert outcome(limit, measured(None)) == ("inconclusive", "q.not-measured")
    assert outcome(limit, measured(None, spoilt=Reason("q.no-paper"))) == ("pending", "q.no-paper")


@pytest.mark.parametrize(
    ("limit", "measurement"),
    [
        (Limit("q", "at_least", 1.0, "s", "guarded"), measured(1.0, 1, 1, quantity="other")),
        (Limit("q", "at_least", 1.0, "s", "guarded"), measured(1.0, 1, 1, unit="ms")),
        (Limit("q", "at_least", 1.0, "s", "guarded"), measured("text")),
        (Limit("q", "at_least", 1.0, "s", "guarded"), measured(True)),
        (Limit("q", "at_least", 1.0, "s", "guarded"), measured(float("nan"), 1, 1)),
        (Limit("q", "equals", "x", "", "nominal"), measured(True, unit="")),
        (Limit("q", "equals", "x", "s", "nominal"), measured(1.0)),
        (Limit("q", "equals", True, "s", "guarded"), measured(1.0, 1, 1)),
    ],
)
def test_what_cannot_be_compared_is_the_harness_fault(limit, measurement) -> None:
    with pytest.raises(ValueError):
        decide(limit, measurement)


@given(
    value=st.floats(-10, 10),
    below=st.floats(0, 5),
    above=st.floats(0, 5),
    bound=st.sampled_from(["at_least", "at_most", "less_than", "within"]),
)
def test_guarded_verdict_holds_for_every_value_in_the_interval(value, below, above, bound) -> None:
    limit = Limit("q", bound, 1.0, "s", "guarded")
    met = {
        "at_least": lambda truth: truth >= 1,
        "at_most": lambda truth: truth <= 1,
        "less_than": lambda truth: truth < 1,
        "within": lambda truth: -1 < truth < 1,
    }[bound]
    lower, upper = value - below, value + above
    verdict = decide(limit, measured(value, lower, upper)).verdict
    for truth in (lower, value, upper):
        if verdict is Verdict.PASS:
            assert met(truth)
        if verdict is Verdict.FAIL:
            assert not met(truth)


def test_obligation() -> None:
    assert for_obligation(Verdict.FAIL, "shall") is Verdict.FAIL
    assert for_obligation(Verdict.FAIL, "shall-not") is Verdict.FAIL
    assert for_obligation(Verdict.FAIL, "should") is Verdict.ADVISORY
    assert for_obligation(Verdict.FAIL, "may") is Verdict.ADVISORY
    assert for_obligation(Verdict.INCONCLUSIVE, "should") is Verdict.INCONCLUSIVE


def test_limits_are_worded() -> None:
    limit = describe(FRAME_RATE)
    assert text(limit.key, "zh", **limit.parameters) == "不低于 25 fps（允差 0.05 fps）"
    assert text(limit.key, "en", **limit.parameters) == "at least 25 fps (tolerance 0.05 fps)"
    share = describe(catalogue()["5.3-a"].limits["online-rate"])
    assert text(share.key, "zh", **share.parameters) == "不低于 85 %"


def test_every_numeric_outcome_of_the_catalogue_is_worded() -> None:
    limits = [limit for requirement in catalogue() for limit in requirement.limits.values()]
    limits += [
        item.limit for requirement in catalogue() for item in requirement.checklist if item.limit
    ]
    for limit in limits:
        assert describe(limit).key in wordings()
        assert f"rule.{limit.rule}" in wordings()
        assert f"reason.{limit.quantity}.not-measured" in wordings()
        if isinstance(limit.value, float):
            for code in ("within-limit", "below-limit", "above-limit", "straddles-limit"):
                assert f"reason.{limit.quantity}.{code}" in wordings(), limit.quantity


def test_reason_reads_well() -> None:
    reason = decide(
        FRAME_RATE, measured(20.0, 19.9, 20.1, quantity="frame-rate", unit="fps")
    ).reason
    assert text(reason.key, "zh", **reason.parameters) == "帧率 20.000 fps（±0.1），低于限值 25 fps"
    assert (
        text(reason.key, "en", **reason.parameters)
        == "frame rate 20.000 fps (±0.1), below the limit 25 fps"
    )


def test_every_verdict_has_its_word() -> None:
    assert [text(f"verdict.{verdict}", "zh") for verdict in Verdict] == [
        *("通过", "不通过", "建议项未满足", "无法判定", "待人工", "未测", "不适用", "工具故障")
    ]
