"""Queries (GB/T 28181-2016 9.5): catalog, device information and status, answered and whole.

Presets and configuration are asked as well and only noted: not every device has them. A page
that may have been lost for want of fragments on the way (UDP beyond the MTU) is a doubt.
"""

from __future__ import annotations

from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import Conversation, Exchange, editions_of, moment, steps_of
from probes.gb28181.judging import Judgement, begin
from probes.gb28181.reading import ISSUED
from protocols.deviation import Deviation
from protocols.gb28181.catalog import CatalogPage, read_catalog
from protocols.gb28181.device import read_device_info, read_device_status
from protocols.gb28181.manscdp import Edition

INSTRUMENT = "gb-queries/1"
_COMMANDS = {
    "catalog": "Catalog",
    "device-info": "DeviceInfo",
    "device-status": "DeviceStatus",
    "config-download": "ConfigDownload",
    "preset-query": "PresetQuery",
}
_NEEDED = ("catalog", "device-info", "device-status")
#: A message of this size fits one frame everywhere; larger ones go in fragments over UDP.
_UNFRAGMENTED = 1300
#: Seconds without a further page after which no more is expected.
_PATIENCE_S = 2.0


def measure_queries(recording: Recording) -> Measurement:
    """Judge the answers of a ``gb28181:queries`` recording.

    Quantity ``gb-queries``; ``details``: ``catalog`` {sum, found, pages, ptz_type},
    ``information`` {manufacturer, model, firmware, channels}, ``charsets``.
    """
    judgement, conversation = begin(recording, "gb-queries", INSTRUMENT)
    answered = 0
    for name, command in _COMMANDS.items():
        steps = steps_of(recording, name)
        if not steps and name in _NEEDED:
            judgement.doubt("not-asked", what=command)
        for step in steps:
            pages = _answers(judgement, conversation, name, command, step)
            answered += bool(pages)
            if pages:
                _judge(judgement, conversation, name, pages)
    _charsets(judgement, conversation)
    judgement.details["answered"] = answered
    return judgement.measurement(conversation)


def _answers(
    judgement: Judgement,
    conversation: Conversation,
    name: str,
    command: str,
    step: dict[str, Any],
) -> list[Exchange]:
    """The Responses to one query, by its SN; notes what became of it when there are none."""
    sn, begun = step.get("sn"), moment(step) or 0.0
    ended = moment(step, "ended") or begun
    asked = [
        one
        for one in conversation.told("Query", command, by_device=False)
        if one.manscdp is not None and one.manscdp.sn == sn
    ]
    every = [one for one in conversation.told("Response", command) if one.at >= begun - 0.5]
    own = [one for one in every if one.manscdp is not None and one.manscdp.sn == sn]
    if own:
        return own
    if name not in _NEEDED:
        judgement.note("not-answered", what=command)
        return []
    strangers = [one for one in every if one.at <= max(ended, begun) + 0.5]
    known = {
        one.manscdp.sn
        for one in conversation.told("Query", command, by_device=False)
        if one.manscdp is not None
    }
    foreign = [one for one in strangers if one.manscdp is not None and one.manscdp.sn not in known]
    status = asked[0].status if asked else 0
    if foreign:
        found = foreign[0].manscdp
        judgement.fault("sn-not-echoed", what=command, found=found.sn if found else "", wanted=sn)
    elif status >= 300:
        judgement.fault("refused", what=command, status=status)
    elif conversation.reliable and status and ended - begun >= _PATIENCE_S:
        judgement.fault("no-response", what=command, seconds=round(ended - begun, 1))
    else:
        judgement.doubt("unanswered", what=command, seconds=round(ended - begun, 1))
    return []


def _judge(
    judgement: Judgement,
    conversation: Conversation,
    name: str,
    answers: list[Exchange],
) -> None:
    if name == "catalog":
        _catalog(judgement, conversation, answers, judgement.recording.ended.timestamp())
    elif name == "device-info":
        found = read_device_info(answers[0].manscdp)  # type: ignore[arg-type]
        judgement.details["information"] = {
            "manufacturer": found.manufacturer,
            "model": found.model,
            "firmware": found.firmware,
            "channels": found.channels,
        }
        _fields(judgement, "DeviceInfo", found.deviations)
    elif name == "device-status":
        status = read_device_status(answers[0].manscdp)  # type: ignore[arg-type]
        _fields(judgement, "DeviceStatus", status.deviations)
        if status.device_time is None:
            judgement.doubt("no-device-time")


def pages_of(answers: list[Exchange], edition: Edition) -> list[CatalogPage]:
    """The pages of a catalog."""
    return [
        read_catalog(one.manscdp, edition=edition) for one in answers if one.manscdp is not None
    ]


def _catalog(
    judgement: Judgement, conversation: Conversation, answers: list[Exchange], ended: float
) -> None:
    readings = [pages_of(answers, edition) for edition in editions_of(judgement.recording)]
    pages = readings[0]
    items = {item.device_id: item for page in pages for item in page.items}
    sums = {page.sum_num for page in pages if page.sum_num is not None}
    judgement.details["catalog"] = {
        "sum": max(sums, default=None),
        "found": len(items),
        "pages": len(pages),
        "ptz_types": sorted({one.ptz_type for one in items.values() if one.ptz_type is not None}),
    }
    if sum(len(page.items) for page in pages) > len(items):
        judgement.note("item-twice")
    # What every edition that may be meant complains of, that is missing.
    missing = [{one.detail for page in reading for one in _missing(page)} for reading in readings]
    for field in sorted(set.intersection(*missing)):
        judgement.fault("field-missing", what="Catalog", field=field)
    if not sums:
        judgement.fault("field-missing", what="Catalog", field="SumNum")
    elif len(sums) > 1:
        judgement.fault("sums-differ", found=", ".join(str(one) for one in sorted(sums)))
    elif len(items) > max(sums):
        judgement.fault("more-than-sum", sum=max(sums), found=len(items))
    elif len(items) < max(sums):
        _incomplete(judgement, conversation, answers, max(sums), len(items), ended)


def _missing(page: CatalogPage) -> list[Deviation]:
    return [
        one
        for one in page.deviations
        if one.code in ("field-missing", "item-field-missing") and not one.detail.endswith(ISSUED)
    ]


def _incomplete(
    judgement: Judgement,
    conversation: Conversation,
    answers: list[Exchange],
    total: int,
    found: int,
    ended: float,
) -> None:
    large = any(one.request.size > _UNFRAGMENTED for one in answers)
    shortages = judgement.details.setdefault("shortages", [])
    shortages.append([total, found])
    # What is lost on the way is not lost the same way twice.
    again = shortages.count([total, found]) > 1
    if large and not conversation.reliable and not again:
        judgement.doubt("catalog-lost-on-the-way", sum=total, found=found)
    elif ended - answers[-1].at < _PATIENCE_S:
        judgement.doubt("catalog-still-coming", sum=total, found=found)
    else:
        judgement.fault("catalog-incomplete", sum=total, found=found)


def _fields(judgement: Judgement, what: str, deviations: tuple[Deviation, ...]) -> None:
    for one in deviations:
        if one.code == "field-missing":
            judgement.fault("field-missing", what=what, field=one.detail)


def _charsets(judgement: Judgement, conversation: Conversation) -> None:
    """Whether texts are in the character set that they declare."""
    found: set[str] = set()
    wrong: list[Deviation] = []
    for exchange in conversation.exchanges:
        body = exchange.manscdp
        if body is None or not exchange.from_device:
            continue
        found.add(body.charset)
        wrong += [one for one in body.deviations if one.code == "charset-not-as-declared"]
    if wrong:
        judgement.fault("charset", found=wrong[0].detail)
    judgement.details["charsets"] = sorted(found)
