"""Transport, crossings, tokens, regions, absence, pages and docking: each fault alone."""

from __future__ import annotations

from typing import Any

import pytest

from assessment.reason import Reason
from probes.platform.absence import measure_absence
from probes.platform.crossing import measure_crossing
from probes.platform.modes import measure_cascade, measure_docking, measure_pages
from probes.platform.regions import measure_regions
from probes.platform.tokens import measure_tokens
from probes.platform.transport import measure_transport
from tests.probes.platform.recordings import codes, doubts, recording, step

SOUND_TLS = {
    "port": 443,
    "https": [{"path": "/", "status": 200}],
    "http": [],
    "sip": False,
    "versions": {"TLS 1.0": False, "TLS 1.1": False, "TLS 1.2": True, "TLS 1.3": True},
    "weak": [],
    "certificate": {"valid": True},
}
REDIRECT = {"port": 80, "https": [], "http": [{"path": "/", "status": 308, "leads_to": "https"}]}


def wire(*ports: dict[str, Any], **session: Any) -> Any:
    session = {"logged_in": True, "media": [], "websocket": [], **session}
    return recording("wire", ports=list(ports), open=[443, 80], session=session)


def test_a_service_behind_tls_conforms() -> None:
    devices = {"port": 5060, "http": [], "https": [], "declared": "devices"}
    assert measure_transport(wire(SOUND_TLS, REDIRECT, devices)).value == "conforms"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"versions": SOUND_TLS["versions"] | {"TLS 1.0": True}}, "old-version"),
        ({"versions": {"TLS 1.1": False, "TLS 1.2": False}}, "no-sound-version"),
        ({"weak": [{"name": "TLS_RSA_WITH_NULL_SHA", "weakness": "null"}]}, "weak-suite"),
        ({"certificate": {"valid": False, "why": "expired"}}, "certificate-expired"),
        ({"certificate": {"valid": False, "why": "wrong-host"}}, "certificate-wrong-host"),
        ({"certificate": {"valid": False, "why": "other"}}, "certificate-refused"),
    ],
)
def test_each_fault_of_tls_is_named(change: dict[str, Any], code: str) -> None:
    assert codes(measure_transport(wire(SOUND_TLS | change))) == [code]


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        ({"status": 200}, True),
        ({"status": 401}, True),
        ({"status": 301, "leads_to": "http"}, True),
        ({"status": 301, "leads_to": "https"}, False),
        ({"status": 403}, False),
    ],
)
def test_plain_http_only_leads_away(answer: dict[str, Any], plain: bool) -> None:
    port = {"port": 80, "http": [answer], "https": []}
    assert codes(measure_transport(wire(SOUND_TLS, port))) == (["plain-http"] if plain else [])


def test_media_and_websockets_in_clear_are_named() -> None:
    assert codes(measure_transport(wire(SOUND_TLS, media=[{"scheme": "http"}]))) == [
        "media-in-clear"
    ]
    plain = wire(SOUND_TLS, websocket=[{"port": 80, "status": 101}])
    assert codes(measure_transport(plain)) == ["plain-websocket"]


def test_a_port_of_unknown_use_leaves_it_open() -> None:
    measured = measure_transport(wire(SOUND_TLS, {"port": 9999, "http": [], "https": []}))
    assert doubts(measured) == ["unknown-port"]


USED = [
    {"what": "own-download", "of": "file", "status": 200},
    {"what": "ticket", "of": "first use", "status": 503},
    {"what": "open-address", "of": "GET /api/users", "status": 401},
]


@pytest.mark.parametrize(
    ("what", "status", "through"),
    [
        ("open-address", 200, True),
        ("open-address", 401, False),
        ("foreign-download", 200, True),
        ("foreign-download", 404, False),
        ("foreign-account", 409, True),
        ("foreign-channel", 200, True),
        ("foreign-playback", 403, False),
        ("foreign-ticket", 503, True),
        ("ticket-again", 503, True),
        ("ticket-again", 401, False),
        ("ended-session", 200, True),
        ("made-up-ticket", 0, False),
    ],
)
def test_what_opens_for_another_is_named(what: str, status: int, through: bool) -> None:
    tries = [*USED, {"what": what, "of": "x", "status": status}]
    assert codes(measure_crossing(recording("crossing", tries=tries))) == [what] * through


def test_factory_passwords_and_open_events_are_named() -> None:
    steps = [step("default", of="factory-1", user="admin")]
    found = measure_crossing(recording("crossing", tries=USED, steps=steps))
    assert codes(found) == ["default-password"]
    tries = [*USED, {"what": "events-without-session", "status": 101}]
    assert codes(measure_crossing(recording("crossing", tries=tries))) == ["events-without-session"]


def test_what_its_owner_does_not_get_proves_nothing() -> None:
    tries = [one | {"status": 404} for one in USED]
    assert doubts(measure_crossing(recording("crossing", tries=tries))) == [
        "no-download",
        "no-ticket",
    ]


def token_steps(**changes: int) -> list[dict[str, Any]]:
    statuses = {"with-token": 200, "without-token": 401, "token-in-address": 401}
    statuses |= {"after-log-out": 401, "outlived": 401} | changes
    return [
        {"name": name, "status": status, "parameter": "token"} for name, status in statuses.items()
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"token-in-address": 200}, "token-in-address"),
        ({"after-log-out": 200}, "survives-log-out"),
        ({"outlived": 200}, "never-ends"),
    ],
)
def test_each_fault_of_tokens_is_named(changes: dict[str, int], code: str) -> None:
    facts = {"logged_in_at": 1_795_773_600.0, "expires_at": "2026-11-28T06:00:00+08:00"}
    found = measure_tokens(recording("tokens", steps=token_steps(**changes), **facts))
    assert codes(found) == ([code] if code else [])


def test_a_token_of_a_year_lives_too_long() -> None:
    facts = {"logged_in_at": 1_795_773_600.0, "expires_at": "2027-11-28T06:00:00+08:00"}
    found = measure_tokens(recording("tokens", steps=token_steps(), **facts))
    assert codes(found) == ["lives-too-long"]


def region_steps(**changes: Any) -> list[dict[str, Any]]:
    return [
        step("create", "organisations", "east"),
        step("create", "organisations", "west"),
        step("list", "devices", "east-manager", own=1, other=changes.get("other", 0)),
        step("reach-read", "devices", "east-manager", changes.get("reach", "refused")),
    ]


def test_regions_keep_apart() -> None:
    assert measure_regions(recording("regions", steps=region_steps())).value == "conforms"
    leak = measure_regions(recording("regions", steps=region_steps(other=1)))
    assert codes(leak) == ["leak"]
    reach = measure_regions(recording("regions", steps=region_steps(reach="done")))
    assert codes(reach) == ["reaches-over"]


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("interface", "function-offered"),
        ("pages", "function-shown"),
        ("processes", "process-runs"),
        ("files", "models-present"),
    ],
)
def test_each_find_is_named(where: str, code: str) -> None:
    facts = {"searched": ["interface"], "found": [{"where": where, "what": "x", "word": "y"}]}
    assert codes(measure_absence(recording("absence", **facts))) == [code]
    assert measure_absence(recording("absence", searched=["interface"], found=[])).value


def screen(name: str, width: int, **page: int) -> dict[str, Any]:
    measures = {"width": width, "scroll_width": width, "controls": 9, "beyond": 0, "letters": 9}
    return {"name": name, "logged_in": True, "page": measures | {"small": 0, "words": 50} | page}


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ({}, ""),
        ({"scroll_width": 1200}, "layout-broken"),
        ({"beyond": 5}, "out-of-reach"),
        ({"small": 8}, "unreadable"),
        ({"words": 0}, "empty-page"),
    ],
)
def test_a_page_fits_its_screen(page: dict[str, int], code: str) -> None:
    screens = [screen("desktop", 1440), screen("phone", 390, **page)]
    found = measure_pages(recording("pages", screens=screens, modes=["pc", "mobile"]))
    assert codes(found) == ([code] if code else [])
    desk_only = measure_pages(recording("pages", screens=screens, modes=["pc"]))
    assert desk_only.value == "conforms"


def docked(**changes: Any) -> Any:
    picture = {"first_packet_at": 1.0, "srtp": True, "not_protected": 0} | changes
    return recording(
        "docking",
        work=[step("create", "upper-platforms", "upper", offered="tls")],
        device={"transport": changes.get("transport", "tls")},
        steps=[
            step("registration", registered=True),
            step("catalog", status=200, listed=True, items=4),
            step("picture", **picture),
        ],
    )


def test_docking_and_its_protection() -> None:
    assert measure_docking(docked()).value == measure_cascade(docked()).value == "conforms"
    assert codes(measure_cascade(docked(srtp=False))) == ["media-in-clear"]
    assert codes(measure_cascade(docked(transport="tcp"))) == ["signalling-in-clear"]
    assert doubts(measure_docking(docked(first_packet_at=None))) == ["no-picture"]


def test_docking_that_is_refused_or_never_entered() -> None:
    steps = [step("registration", registered=True), step("catalog", status=403, listed=False)]
    refused = recording(
        "docking",
        Reason("visit.not-offered", {"what": "Catalog", "detail": "403"}),
        work=[step("create", "upper-platforms", "upper")],
        steps=steps,
    )
    assert codes(measure_docking(refused)) == ["refused"]
    closed = recording("docking", work=[step("create", "upper-platforms", "upper", "absent")])
    assert codes(measure_docking(closed)) == ["cannot-be-entered"]
