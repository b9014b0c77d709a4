"""Then: papers of the device, its passwords, and whether the service is there."""

from __future__ import annotations

from pytest_bdd import parsers, then

from assessment.measurement import Measurement
from probes.ingress_protection import measure_ingress_protection
from probes.online import measure_online_rate
from probes.weak_password import measure_password_properties, measure_weak_password
from steps.acceptance import SITE, HarnessError, ScenarioRun
from steps.conclusion import Conclusion, gravest
from steps.subjects import attested_certificate
from targets.site import Point


@then(parsers.parse('每台摄像机的防护等级不低于"{code}"'))
def enclosure_is_tight_enough(scenario_run: ScenarioRun, code: str) -> None:
    if code != scenario_run.limit("ingress-protection").value:
        raise HarnessError(f"the feature says {code}, the catalogue another code")

    def judge(point: Point) -> Conclusion:
        measured = measure_ingress_protection(
            scenario_run.recording("description", point),
            claim=point.declared.get("ip_code", ""),
            declared_model=point.declared.get("model", ""),
            certificate=point.certificate or attested_certificate(scenario_run, point),
            certificate_needed=scenario_run.acceptance.reading("R-009") == "certificate",
            today=scenario_run.acceptance.today,
        )
        return scenario_run.compare(measured)

    scenario_run.judge_each(judge)


@then("每台摄像机都拒绝弱口令和匿名访问")
def weak_passwords_are_refused(scenario_run: ScenarioRun) -> None:
    def judge(point: Point) -> Conclusion:
        recording = scenario_run.recording("passwords", point)
        properties = [one for one in measure_password_properties(recording) if one.spoilt is None]
        return gravest(
            [scenario_run.compare(one) for one in (measure_weak_password(recording), *properties)]
        )

    scenario_run.judge_each(judge)


@then(parsers.re(r"在线率不低于(?P<percent>\d+)%"))
def online_rate_is_high_enough(scenario_run: ScenarioRun, percent: str) -> None:
    if not scenario_run.at_least("online-rate", float(percent) / 100):
        raise HarnessError(f"the feature says {percent} %, the catalogue another rate")
    measured = _online_rate(scenario_run)
    scenario_run.conclude(SITE, scenario_run.compare(measured))


@then("平台上报的在线率与实测相符")
def platform_tells_the_truth(scenario_run: ScenarioRun) -> None:
    reported = scenario_run.acceptance.site.platform_reports
    if not reported:
        scenario_run.conclude(SITE, Conclusion.not_applicable("online-rate.no-report"))
        return
    measured = _online_rate(scenario_run)
    if measured.spoilt is not None or measured.lower is None or measured.upper is None:
        scenario_run.conclude(SITE, Conclusion.spoilt(measured))
        return
    inventory = len(scenario_run.acceptance.site.cameras)
    total = reported.get("total")
    if total is not None and total < inventory:
        concluded = Conclusion.broken(
            "online-rate.denominator-shrunk", measured, reported=total, inventory=inventory
        )
    elif (rate := reported.get("online_rate")) is not None and rate > measured.upper:
        concluded = Conclusion.broken(
            "online-rate.inflated-by-platform",
            measured,
            reported=rate * 100,
            measured=float(measured.value or 0) * 100,
        )
    else:
        concluded = Conclusion.met("online-rate.agrees-with-platform", measured)
    scenario_run.conclude(SITE, concluded)


def _online_rate(run: ScenarioRun) -> Measurement:
    acceptance = run.acceptance
    inventory = [
        point.id for point in acceptance.in_scope(run.requirement.id, acceptance.site.cameras)
    ]
    return measure_online_rate(
        [run.recording("online", point) for point in run.points],
        inventory,
        [point.id for point in run.points],
        platform_rate=acceptance.site.platform_reports.get("online_rate"),
        picture_needed=acceptance.reading("R-014") == "delivering",
    )
