"""Queries: whole, incomplete, with fields missing, under another number, unanswered."""

from __future__ import annotations

from typing import Any

import pytest

from assessment.recording import Recording
from probes.gb28181.queries import measure_queries
from protocols.gb28181.manscdp import Listing
from tests.gb28181_recordings import DEVICE, Talk, empty
from tests.probes.gb28181.test_registration import reasons

KIND = "gb28181:queries"
ITEM: dict[str, Any] = {
    "DeviceID": DEVICE,
    "Name": "村口",
    "Manufacturer": "M",
    "Model": "X",
    "Owner": "O",
    "CivilCode": "610102",
    "Address": "A",
    "Parental": 0,
    "ParentID": DEVICE,
    "SafetyWay": 0,
    "RegisterWay": 1,
    "Secrecy": 0,
    "Status": "ON",
}
STATUS: dict[str, Any] = {
    "Result": "OK",
    "Online": "ONLINE",
    "Status": "OK",
    "DeviceTime": "2026-09-21T22:13:20",
}


def asked(
    *,
    item: dict[str, Any] = ITEM,
    pages: int = 1,
    total: int | None = None,
    status: dict[str, Any] = STATUS,
    sn_shift: int = 0,
    transport: str = "udp",
    answer: bool = True,
    gb_version: str = "2.0",
    padding: int = 0,
    **more: Any,
) -> Recording:
    talk = Talk(transport=transport)
    block = "b" * padding
    steps = []
    questions: list[tuple[str, str, list[Any]]] = [
        (
            "catalog",
            "Catalog",
            [
                [
                    ("SumNum", pages if total is None else total),
                    (
                        "DeviceList",
                        Listing([item | {"DeviceID": str(int(DEVICE) + n), "Block": block}]),
                    ),
                ]
                for n in range(pages)
            ],
        ),
        ("device-info", "DeviceInfo", [[("Result", "OK"), ("Manufacturer", "M"), ("Model", "X")]]),
        ("device-status", "DeviceStatus", [list(status.items())]),
    ]
    for sn, (name, command, bodies) in enumerate(questions, 11):
        begun = talk.at
        talk.tells("Query", command, sn=sn, outbound=True)
        for body in bodies if answer else []:
            talk.pass_time(0.1)
            talk.tells("Response", command, body, sn=sn + sn_shift, **more)
        steps.append({"name": name, "at": begun, "sn": sn, "ended": talk.pass_time(5)})
    recording = talk.recording(KIND, steps)
    recording.facts["device"]["gb_version"] = gb_version
    return recording


def test_whole_answers_conform() -> None:
    measured = measure_queries(asked(pages=3))
    assert (measured.value, measured.spoilt) == ("conforms", None)
    assert measured.details["catalog"]["found"] == 3


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"total": 2}, "catalog-incomplete"),
        ({"pages": 3, "total": 2}, "more-than-sum"),
        ({"item": {k: v for k, v in ITEM.items() if k != "Manufacturer"}}, "field-missing"),
        ({"sn_shift": 100}, "sn-not-echoed"),
        ({"charset": "UTF-8", "declared": "GB2312"}, "charset"),
        ({"answer": False, "transport": "tcp"}, "no-response"),
        ({"status": {k: v for k, v in STATUS.items() if k != "Online"}}, "field-missing"),
    ],
)
def test_faults(what: dict[str, Any], reason: str) -> None:
    measured = measure_queries(asked(**what))
    assert measured.value == "deviates"
    assert reasons(measured)[0] == reason


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"total": 2, "padding": 1400}, "catalog-lost-on-the-way"),
        ({"status": {k: v for k, v in STATUS.items() if k != "DeviceTime"}}, "no-device-time"),
        ({"answer": False}, "unanswered"),
    ],
)
def test_doubts(what: dict[str, Any], reason: str) -> None:
    measured = measure_queries(asked(**what))
    assert measured.value is None
    assert measured.spoilt is not None
    assert measured.spoilt.code == f"gb-queries.{reason}"


def test_what_either_edition_permits_is_no_fault_where_none_is_told() -> None:
    without_owner = {k: v for k, v in ITEM.items() if k != "Owner"}
    assert reasons(measure_queries(asked(item=without_owner))) == ["field-missing"]
    assert measure_queries(asked(item=without_owner, gb_version="")).value == "conforms"


def test_without_a_device_the_visit_says_why() -> None:
    measured = measure_queries(empty(KIND, "visit.not-registered"))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "visit.not-registered"
