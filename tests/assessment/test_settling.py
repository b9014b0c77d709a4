"""An open verdict says what would settle it."""

import pytest

from assessment.decision import decide
from assessment.reason import Reason
from assessment.settling import settle
from messages import catalogue as wordings
from messages import text
from standard.catalogue import Limit, catalogue
from tests.assessment.samples import measurement


def hint(limit: Limit, measured) -> Reason | None:
    return settle(limit, measured, decide(limit, measured))


CLOCK = Limit("clock-offset", "within", 1.0, "s", "guarded")


def offset(value: float, uncertainty: float, **more):
    return measurement(
        quantity="clock-offset",
        value=value,
        unit="s",
        lower=value - uncertainty,
        upper=value + uncertainty,
        **more,
    )


@pytest.mark.parametrize(
    ("value", "uncertainty", "needed"), [(0.8, 0.5, 0.2), (-1.1, 0.5, 0.1), (0.0, 1.5, 1.0)]
)
def test_a_smaller_uncertainty_would_decide(value, uncertainty, needed) -> None:
    found = hint(CLOCK, offset(value, uncertainty))
    assert found is not None
    assert found.code == "settle.smaller-uncertainty"
    assert found.parameters["needed"] == pytest.approx(needed)
    assert decide(CLOCK, offset(value, needed * 0.99)).verdict in ("pass", "fail")
    assert "±" in text(found.key, "zh", **found.parameters)


def test_frame_rate_counts_its_tolerance() -> None:
    limit = catalogue()["4.3.1-c2"].limits["frame-rate"]
    found = hint(limit, measurement(value=25.0, lower=24.8, upper=25.2))
    assert found is not None
    assert found.parameters["needed"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    "measured",
    [
        offset(0.1, 0.1),
        offset(2.0, 0.1),
        offset(1.0, 0.1),
        offset(0.9, 0.5, spoilt=Reason("clock-offset.no-answer")),
        measurement(quantity="clock-offset", value=None, unit="s"),
        measurement(quantity="clock-offset", value=0.9, unit="s", lower=None, upper=None),
    ],
)
def test_no_hint_where_none_is_known(measured) -> None:
    assert hint(CLOCK, measured) is None


def test_a_missing_paper_is_asked_for() -> None:
    limit = catalogue()["4.3.1-b"].limits["ingress-protection"]
    measured = measurement(
        quantity="ingress-protection",
        value="IP66",
        unit="",
        spoilt=Reason("ingress-protection.certificate-missing"),
    )
    found = hint(limit, measured)
    assert found == Reason("settle.bring-paper")
    assert found.key in wordings()


def test_more_cameras_would_decide() -> None:
    from assessment.rates import share_of

    limit = catalogue()["5.3-a"].limits["online-rate"]

    def rate(online: int, asked: int):
        share = share_of(online, asked, 1000)
        return measurement(
            quantity="online-rate",
            value=share.value,
            unit="1",
            lower=share.lower,
            upper=share.upper,
            details=share.details(),
        )

    found = hint(limit, rate(18, 20))
    assert found is not None
    assert found.code == "settle.ask-more"
    needed = found.parameters["needed"]
    assert 20 < needed < 300
    assert decide(limit, rate(needed * 9 // 10, needed)).verdict == "pass"
    assert text(found.key, "zh", **found.parameters).startswith(f"询问 {needed}")
