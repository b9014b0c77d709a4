"""How a platform registers a device: challenge, refusals, time, expiry, keepalive, farewell."""

from __future__ import annotations

from collections.abc import Iterator

from probes.gb28181.conversation import Exchange, Said, status_of
from probes.gb28181.platform_lines import Line, Scene
from protocols.errors import ProtocolError
from protocols.http_digest import Challenge, parse_challenges
from protocols.sip.dates import parse_gb_date
from protocols.sip.fields import expires_of

_REGISTER = "GB/T 28181-2016 9.1.2.1"
_GENERAL = "GB/T 28181-2016 9.1.1"
_TIME = "GB/T 28181-2016 9.10.1"
_KEEPALIVE = "GB/T 28181-2016 9.6.1"
#: Two challenges further apart than this should not share a nonce.
_NONCE_APART_S = 2.0
_LIMIT_S = 1.0
_HOUR = 3600
#: So near a whole number of hours an error is one of the time zone.
_ZONE_NEAR_S = 120.0


def judge_registration(scene: Scene) -> Iterator[Line]:
    """Every line about registration, in the order of a registration."""
    yield _challenge(scene)
    yield _fresh_nonce(scene)
    yield _refusal(scene, "forged-nonce", "forged-nonce-accepted", "RFC 3261 22.4")
    yield _refusal(scene, "wrong-password", "wrong-password-accepted", _REGISTER)
    yield _refusal(scene, "unknown-id", "unknown-id-accepted", "GB/T 28181-2016 8.1")
    yield _accepted(scene, "registration", _REGISTER)
    yield _expires(scene)
    date, offset = _date_lines(scene)
    yield date
    yield offset
    yield _keepalive(scene)
    yield _accepted(scene, "refresh", _GENERAL)
    yield _accepted(scene, "unregister", _GENERAL)


def _unasked(exchange: Exchange) -> bool:
    return "Authorization" not in exchange.sip.headers


def challenge_in(said: Said) -> Challenge | None:
    """The first digest challenge with a nonce in an answer."""
    try:
        found = parse_challenges(said.message.headers.get_all("WWW-Authenticate"))
    except ProtocolError:
        return None
    return next((one for one in found if one.scheme == "Digest" and one.nonce), None)


def _challenge(scene: Scene) -> Line:
    line = Line("challenge", _REGISTER)
    strange = scene.registers("unknown-id")  # may be refused before anything is asked
    ours = [one for one in scene.sent("REGISTER") if one not in strange]
    known = any(one.status in (200, 401) for one in ours)
    for one in ours:
        final = one.final
        if not _unasked(one) or final is None:
            continue
        if not known:  # perhaps we were given an id that nobody entered there
            line.not_tried("refused", status=one.status)
            continue
        line.look()
        if one.status == 200:
            line.depart("not-challenged")
        elif one.status == 401:
            found = challenge_in(final)
            if found is None:
                line.depart("no-nonce")
            elif not found.usable:
                line.depart("challenge-unusable", algorithm=found.algorithm[:20])
            elif not found.realm:
                line.depart("no-realm")
        else:
            line.depart("challenge-status", status=one.status)
    if not line.looked:
        line.not_observed("no-answer")
    return line


def _fresh_nonce(scene: Scene) -> Line:
    line = Line("fresh-nonce", "RFC 7616 3.3")
    first_of: dict[str, float] = {}
    seen: list[float] = []
    for one in scene.sent("REGISTER"):
        found = challenge_in(one.final) if one.final is not None and one.status == 401 else None
        if found is None:
            continue
        at = one.final.at if one.final is not None else one.at
        if at - first_of.setdefault(found.nonce, at) > _NONCE_APART_S:
            line.depart("nonce-repeated", seconds=round(at - first_of[found.nonce]))
        seen.append(at)
    if seen and max(seen) - min(seen) > _NONCE_APART_S:
        line.look()
    return line


def _refusal(scene: Scene, step: str, code: str, clause: str) -> Line:
    """Whether what must be refused was."""
    line = Line(step, clause)
    taken = scene.step(step)
    if taken is None:
        line.not_tried("needs-intrusive" if step != "forged-nonce" else "no-challenge-to-forge")
        return line
    tried = scene.registers(step)
    last = tried[-1] if tried else None
    if last is None or last.final is None:
        line.not_observed("no-answer")
    elif _unasked(last) and (last.status == 401 or step != "unknown-id"):
        line.not_tried("no-challenge-to-forge")
    else:
        line.look()
        if last.status < 300:
            line.depart(code)
        elif not 400 <= last.status < 500:
            line.depart("refusal-status", status=last.status)
    return line


def _accepted(scene: Scene, step: str, clause: str) -> Line:
    line = Line(step, clause)
    if scene.step(step) is None:
        line.not_tried("not-registered")
        return line
    tried = scene.registers(step)
    last = next((one for one in reversed(tried) if one.final is not None), None)
    if last is None:
        if step == "registration" or not tried:
            line.not_observed("no-answer")
        else:
            line.look()
            line.depart("unanswered", what="REGISTER")
    elif last.status == 200:
        line.look()
    elif step == "registration":
        # Whether the platform is wrong, or what it was told of us, cannot be seen from here.
        line.not_tried("refused", status=last.status)
    else:
        line.look()
        line.depart("refused-later", status=last.status)
    return line


def _welcomes(scene: Scene) -> list[tuple[Exchange, Said]]:
    """REGISTERs that were accepted for more than 0 s, with their answers."""
    return [
        (one, one.final)
        for one in scene.sent("REGISTER")
        if one.final is not None and one.status == 200 and expires_of(one.sip) != 0
    ]


def _expires(scene: Scene) -> Line:
    line = Line("expires", "RFC 3261 10.3")
    for request, said in _welcomes(scene):
        line.look()
        asked, granted = expires_of(request.sip), expires_of(said.message)
        if granted is None:
            line.depart("no-expires")
        elif asked is not None and granted > asked:
            line.depart("expires-longer", asked=asked, granted=granted)
        elif granted == 0:
            line.depart("expires-zero", asked=asked)
        else:
            line.facts = {"asked": asked, "granted": granted}
    return line


def _date_lines(scene: Scene) -> tuple[Line, Line]:
    """The form of Date, and how far its time is off."""
    form, clock = Line("date", _TIME), Line("clock", "GB/T 28181-2016 7.10")
    welcomes = _welcomes(scene)
    dated = [(one, said, said.message.headers.get("Date")) for one, said in welcomes]
    if welcomes and not any(text for _, _, text in dated):
        form.not_observed("date-absent")
        clock.not_observed("date-absent")
    for request, said, text in dated:
        if not text:
            continue
        form.look()
        try:
            posix, deviation = parse_gb_date(text)
        except ProtocolError:
            form.depart("date-unreadable")
            continue
        form.deviate(() if deviation is None else (deviation,))
        _judge_offset(scene, form, clock, posix - said.at, posix - request.at)
    return form, clock


def _judge_offset(scene: Scene, form: Line, clock: Line, least: float, most: float) -> None:
    """The platform's time minus ours lies between ``least`` and ``most``."""
    middle = (least + most) / 2
    shown = round(middle, 3) + 0.0  # not "-0.0"
    clock.facts = {"offset_s": shown, "width_s": round(most - least, 3)}
    hours = round(middle / _HOUR)
    if hours and abs(middle - hours * _HOUR) < _ZONE_NEAR_S:
        form.depart("date-zone", hours=hours)
        clock.look()
        clock.depart("clock-off", seconds=shown)
        return
    reference = scene.recording.facts.get("reference")
    error = reference.get("error_s") if isinstance(reference, dict) else None
    if not isinstance(error, int | float):
        clock.not_tried("clock-unvouched", seconds=shown)
        return
    clock.facts["reference_error_s"] = round(float(error), 3)
    low, high = least - error, most + error
    if low > _LIMIT_S or high < -_LIMIT_S:
        clock.look()
        clock.depart("clock-off", seconds=shown)
    elif low < -_LIMIT_S or high > _LIMIT_S:
        clock.not_tried("clock-unsure", seconds=shown, error=round(error, 3))
    else:
        clock.look()


def _keepalive(scene: Scene) -> Line:
    line = Line("keepalive", _KEEPALIVE)
    for one in scene.conversation.told("Notify", "Keepalive", by_device=False):
        if not scene.settled(one):
            continue
        line.look()
        if one.final is None:
            line.depart("unanswered", what="Keepalive")
        elif one.status != 200:
            line.depart("keepalive-refused", status=status_of(one.final))
    return line
