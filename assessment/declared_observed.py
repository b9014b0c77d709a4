"""Declared against observed: each line of a vendor's declaration beside what was found of a camera.

Pure comparing. An ability is *measured* where a check of this run has seen it at work, *told*
where only the device's own word was read, from a *paper* where a certificate says so. Nothing is
concluded from a list that leaves things out in the field: then the line is not observable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assessment.declaration import ABILITIES, Ability, Declaration, Value
from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.verdicts import Verdict, governing
from protocols.onvif_topics import SCENE_EVENTS, event_of_topic

Outcome = Literal["confirmed", "contradicted", "not-observable", "found-undeclared"]
OUTCOMES: tuple[Outcome, ...] = (
    "contradicted",
    "found-undeclared",
    "not-observable",
    "confirmed",
)
By = Literal["measured", "told", "paper"]
_NOT_MET = (Verdict.FAIL, Verdict.ADVISORY)
MODEL = "model"
#: PTZType of GB/T 28181-2016 annex A.2.1.9: speed dome, dome, fixed and remote-controlled bullet.
_FORMS = {1: "speed-dome", 2: "dome", 3: "bullet", 4: "bullet"}
_ENCODINGS = {"h264": "H264", "mjpeg": "JPEG", "h265": "H265"}
_SOUNDS = {"g711": "G.711", "g7221": "G.722.1", "g726": "G.726"}
#: Audio encodings that ONVIF has a name for (Media 5.13).
_ONVIF_SOUNDS = {"g711": "G711", "g726": "G726"}


@dataclass(frozen=True)
class Observed:
    """What was found, and by what."""

    value: Value
    by: By


@dataclass(frozen=True)
class Line:
    """One line of the comparison.

    Attributes:
        name: of the ability, or ``model``.
        requirement: clause that asks for it, "" for the model.
        declared: ``None`` where nothing is declared.
        observed: ``None`` where nothing can be said.
        outcome: see the module.
        verdict: of the requirement on this camera in the same run, ``None`` without one.
    """

    name: str
    requirement: str
    declared: Value | None
    observed: Observed | None
    outcome: Outcome
    verdict: Verdict | None = None


class Evidence:
    """What a run holds of one camera.

    Args:
        findings: all that were made of it.
        facts: of its recordings by kind.
    """

    def __init__(self, findings: Iterable[Finding], facts: Mapping[str, Mapping[str, Any]]) -> None:
        self.findings = tuple(findings)
        self._facts = facts

    @property
    def model(self) -> str:
        """The designation that the device tells of itself, by ONVIF or by GB/T 28181."""
        asked = self.measured("gb-queries")
        information = _mapping(asked.details.get("information") if asked is not None else None)
        told = _mapping(self.fact("description", "device")).get("model")
        return str(told or information.get("model") or "").strip()

    def fact(self, kind: str, name: str) -> Any:
        """A fact of a recording, ``None`` where there is none."""
        return _mapping(self._facts.get(kind)).get(name)

    def listed(self, kind: str, name: str) -> list[Any]:
        """A fact that is a list."""
        return _sequence(self.fact(kind, name))

    def everywhere(self, name: str) -> list[Any]:
        """A fact of every recording that has it."""
        return [facts[name] for facts in self._facts.values() if facts.get(name) is not None]

    def verdict(self, requirement: str) -> Verdict | None:
        """What ``requirement`` came to on this camera."""
        found = [one.verdict for one in self.findings if one.requirement == requirement]
        return governing(found) if found else None

    def reasons(self, prefix: str) -> list[Finding]:
        """The findings whose reason is of ``prefix``."""
        return [one for one in self.findings if one.reason.code.startswith(f"{prefix}.")]

    def seen(self, prefix: str) -> bool | None:
        """Whether a check with reasons of ``prefix`` was met; ``None`` when it decided nothing."""
        for finding in self.reasons(prefix):
            if finding.verdict is Verdict.PASS:
                return True
            if finding.verdict in _NOT_MET:
                return False
        return None

    def measured(self, quantity: str, requirement: str = "") -> Measurement | None:
        """The latest measurement of ``quantity``, spoilt or not."""
        found = [
            measurement
            for one in self.findings
            if requirement in ("", one.requirement)
            for measurement in one.measurements
            if measurement.quantity == quantity
        ]
        return found[-1] if found else None


def compare_declared(declaration: Declaration, evidence: Evidence) -> tuple[Line, ...]:
    """Every line that is declared, and every ability that was found though it is not.

    Where the device calls itself another model, that is all there is to say.
    """
    model = evidence.model
    declared = ", ".join(declaration.models)
    if model and not declaration.covers(model):
        return (Line(MODEL, "", declared, Observed(model, "told"), "contradicted"),)
    told = Observed(model, "told") if model else None
    lines = [Line(MODEL, "", declared, told, "confirmed" if told else "not-observable")]
    for ability in ABILITIES:
        stated = declaration.values.get(ability.name)
        found = _OBSERVERS[ability.name](evidence)
        outcome = _outcome(ability, stated, found)
        if outcome is not None:
            verdict = evidence.verdict(ability.requirement)
            lines.append(Line(ability.name, ability.requirement, stated, found, outcome, verdict))
    return tuple(lines)


def observed_of(evidence: Evidence) -> dict[str, Observed]:
    """Everything that was found, by the ability's name: what a first draft can say."""
    found = {ability.name: _OBSERVERS[ability.name](evidence) for ability in ABILITIES}
    return {name: one for name, one in found.items() if one is not None}


def counts_of(lines: Sequence[Line]) -> dict[str, int]:
    """How many lines ended how, in the order in which a reader should see them."""
    return {one: sum(line.outcome == one for line in lines) for one in OUTCOMES}


def _outcome(ability: Ability, stated: Value | None, found: Observed | None) -> Outcome | None:
    if stated is None:
        return "found-undeclared" if found is not None and found.value else None
    if found is None:
        return "not-observable"
    if ability.kind == "count":
        if stated and not found.value:
            return "not-observable"  # many devices list no ports
        agrees = bool(stated) == bool(found.value) and int(found.value) >= int(stated)
    elif ability.kind == "code":
        agrees = _code(stated) == _code(found.value)
    else:
        agrees = stated == found.value
    return "confirmed" if agrees else "contradicted"


def _code(value: Value) -> str:
    return str(value).upper().replace(" ", "")


def _nothing(_evidence: Evidence) -> Observed | None:
    return None


def _form(evidence: Evidence) -> Observed | None:
    for number in evidence.everywhere("ptz_type"):
        form = _FORMS.get(int(number)) if str(number).isdecimal() else None
        if form is not None:
            return Observed(form, "told")
    return None


def _ip_code(evidence: Evidence) -> Observed | None:
    measured = evidence.measured("ingress-protection")
    if measured is None:
        return None
    if measured.spoilt is None and isinstance(measured.value, str):
        return Observed(measured.value, "paper")
    claims = _mapping(measured.details.get("claims"))
    told = [str(code) for source, code in claims.items() if source != "inventory"]
    return Observed(told[0], "told") if told else None


def _by_check(prefix: str) -> Callable[[Evidence], Observed | None]:
    """For abilities that one check sees at work or missing."""

    def observe(evidence: Evidence) -> Observed | None:
        seen = evidence.seen(prefix)
        return None if seen is None else Observed(seen, "measured")

    return observe


def _white_light(evidence: Evidence) -> Observed | None:
    if (seen := evidence.seen("white-light")) is not None:
        return Observed(seen, "measured")
    commands = evidence.listed("description", "auxiliary") + [
        command
        for node in evidence.listed("description", "ptz_nodes")
        for command in (_mapping(node).get("auxiliary") or ())
    ]
    offered = any(str(one).lower().startswith("tt:whitelight") for one in commands)
    return Observed(True, "told") if offered else None


def _wide_dynamic_range(evidence: Evidence) -> Observed | None:
    if (seen := evidence.seen("wide-dynamic")) is not None:
        return Observed(seen, "measured")
    options = _mapping(_mapping(evidence.fact("description", "imaging")).get("options"))
    imaging = _mapping(options.get("ImagingOptions")) or options
    return Observed(True, "told") if imaging.get("WideDynamicRange") else None


def _video(key: str) -> Callable[[Evidence], Observed | None]:
    def observe(evidence: Evidence) -> Observed | None:
        if (seen := evidence.seen(f"codec-{key}")) is not None:
            return Observed(seen, "measured")
        listed = _mapping(evidence.fact("description", "encoder_options"))
        encoding = _ENCODINGS.get(key)
        if not listed or encoding is None:
            return None
        return Observed(encoding in listed, "told")

    return observe


def _audio(key: str) -> Callable[[Evidence], Observed | None]:
    def observe(evidence: Evidence) -> Observed | None:
        heard = evidence.measured("audio")
        if heard is not None and str(heard.value or "").startswith(_SOUNDS[key]):
            return Observed(True, "measured")
        listed = [str(one) for one in evidence.listed("description", "audio_options")]
        name = _ONVIF_SOUNDS.get(key)
        return Observed(name in listed, "told") if listed and name else None

    return observe


def _event(number: int) -> Callable[[Evidence], Observed | None]:
    def observe(evidence: Evidence) -> Observed | None:
        measured = evidence.measured("event-delay", f"4.3.1-i{number}")
        if measured is not None and measured.details.get("told"):
            return Observed(True, "measured")
        fault = _mapping(measured.details.get("reason") if measured is not None else None)
        if str(fault.get("code")).endswith(".missing"):
            return Observed(False, "measured")
        topics = [one for listed in evidence.everywhere("listed") for one in _sequence(listed)]
        listed = SCENE_EVENTS[number - 1] in {event_of_topic(str(topic)) for topic in topics}
        return Observed(True, "told") if listed else None

    return observe


def _pan_tilt(evidence: Evidence) -> Observed | None:
    measured = evidence.measured("gb-control")
    details = _mapping(measured.details if measured is not None else None)
    moves = [_mapping(one).get("found") for one in details.get("moves") or ()]
    if any(one in ("as-told", "inverted") for one in moves):
        return Observed(True, "measured")
    if evidence.listed("description", "ptz_nodes") or details.get("ptz") == "turning":
        return Observed(True, "told")
    return Observed(False, "told") if details.get("ptz") == "fixed" else None


def _microphone(evidence: Evidence) -> Observed | None:
    measured = evidence.measured("gb-sound")
    if measured is not None:
        if any(one.reason.code == "gb-sound.microphone-dead" for one in evidence.findings):
            return Observed(False, "measured")
        if (_mapping(measured.details.get("microphone")).get("levels") or 0) > 2:
            return Observed(True, "measured")
    profiles = evidence.listed("description", "profiles")
    sounds = any(_mapping(one).get("audio") for one in profiles)
    return Observed(True, "told") if sounds else None


def _speaker(evidence: Evidence) -> Observed | None:
    measured = evidence.measured("gb-sound")
    if measured is None:
        return None
    if any(
        one.reason.code in ("gb-sound.refused", "gb-sound.not-fetched") for one in evidence.findings
    ):
        return Observed(False, "measured")
    spoken = _mapping(measured.details.get("broadcast"))
    took = spoken.get("invited") is True and spoken.get("sent_packets")
    return Observed(True, "measured") if took else None


def _ports(side: str, listed: str) -> Callable[[Evidence], Observed | None]:
    def observe(evidence: Evidence) -> Observed | None:
        measured = evidence.measured("gb-alarm-ports")
        told = _mapping(measured.details.get(side)) if measured is not None else {}
        counts = [one for one in told.values() if isinstance(one, int)]
        if isinstance(evidence.fact("description", listed), list):
            counts.append(len(evidence.listed("description", listed)))
        return Observed(max(counts), "told") if counts else None

    return observe


def _poe(evidence: Evidence) -> Observed | None:
    measured = evidence.measured("poe-supply")
    if measured is None or measured.spoilt is not None:
        return None
    if measured.value == "powered":
        return Observed(True, "measured")
    return Observed(False, "measured") if measured.value == "no-class" else None


def _interface(*kinds: str, absent: bool = False) -> Callable[[Evidence], Observed | None]:
    """By the device's own list; ``absent``: whether not being in it says anything."""

    def observe(evidence: Evidence) -> Observed | None:
        listed = evidence.listed("description", "interfaces")
        found = {str(_mapping(one).get("kind")) for one in listed}
        if found & set(kinds):
            return Observed(True, "told")
        return Observed(False, "told") if absent and found and "unknown" not in found else None

    return observe


def _rj45(evidence: Evidence) -> Observed | None:
    """Seen with a link at a port for copper, else by the device's own list."""
    port = evidence.measured("poe-supply")
    shown = _mapping(port.details if port is not None and port.spoilt is None else None)
    if shown.get("medium") == "copper" and shown.get("link"):
        return Observed(True, "measured")
    return _interface("ethernet", absent=True)(evidence)


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


_OBSERVERS: Mapping[str, Callable[[Evidence], Observed | None]] = {
    **{ability.name: _nothing for ability in ABILITIES},
    "form": _form,
    "ip-code": _ip_code,
    "image.white-light": _white_light,
    "image.wide-dynamic-range": _wide_dynamic_range,
    "image.highlight-suppression": _by_check("highlight-suppression"),
    **{f"video.{key}": _video(key) for key in ("h264", "mjpeg", "h265")},
    **{f"audio.{key}": _audio(key) for key in _SOUNDS},
    **{
        ability.name: _event(int(ability.requirement[-1]))
        for ability in ABILITIES
        if ability.section == "events"
    },
    "movement.pan-tilt": _pan_tilt,
    "sound.microphone": _microphone,
    "sound.speaker": _speaker,
    "alarm.inputs": _ports("inputs", "digital_inputs"),
    "alarm.outputs": _ports("outputs", "relay_outputs"),
    "supply.poe": _poe,
    "interfaces.rj45": _rj45,
    "interfaces.wifi": _interface("wifi", absent=True),
    "interfaces.mobile": _interface("4g", "5g"),
    "interfaces.optical": _interface("fibre"),
}
