"""The tickets of a period (5.4-a1): read from a table, each from its report to its repair.

Quantities: ``repair-tickets`` (``conforms`` or ``deviates``) and ``longest-repair`` in hours, exact
as written, without what force majeure excuses with its proof.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assessment.measurement import Measurement
from assessment.tables import Table, TablesError, Value, read_tables
from probes.papers.headings import Headings, anything
from probes.papers.judging import Paper, PaperJudgement, measured, named
from probes.papers.values import moment, written

INSTRUMENT = "repair-tickets/1"
QUANTITY, LONGEST = "repair-tickets", "longest-repair"
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("故障单号", "工单号", "单号", "编号", "ticket", "ticket id", "id", "no"),
    "reported": (
        *("上报时间", "报修时间", "故障上报时间", "故障时间", "发现时间"),
        *("reported", "reported at", "report time"),
    ),
    "restored": (
        *("恢复时间", "修复时间", "故障恢复时间", "反馈时间", "完成时间"),
        *("restored", "restored at", "repaired", "feedback time"),
    ),
    "status": ("状态", "处理状态", "工单状态", "status"),
    "force-majeure": ("不可抗力", "是否不可抗力", "force majeure"),
    "proof": ("证明", "证明材料", "不可抗力证明", "proof", "evidence"),
}
_FIELDS = Headings(HEADINGS)
_CLOSED = frozenset({"已关闭", "关闭", "已完成", "完成", "已结单", "结单", "closed", "done"})
_NO = frozenset({"否", "不是", "no", "n", "false", "0"})
_BEIJING = datetime.timezone(datetime.timedelta(hours=8))


@dataclass(frozen=True)
class _Ticket:
    place: str
    cells: Mapping[str, Value]

    def has(self, name: str) -> bool:
        value = self.cells.get(name)
        return anything(value) and written(value).lower() not in _NO


def measure_tickets(paper: Paper, allowed_hours: float) -> tuple[Measurement, ...]:
    """Judge every ticket of ``paper``; ``longest-repair`` is there where one was repaired.

    A ticket without a repair counts as late once it is older than ``allowed_hours`` on the day on
    which somebody looked.
    """
    judgement = PaperJudgement(QUANTITY, INSTRUMENT)
    try:
        tables = read_tables(paper.file.read())
    except TablesError as error:
        judgement.doubts.append(error.reason(QUANTITY))
        return (judgement.measurement(paper),)
    tickets, headed = _tickets(tables)
    if not headed:
        judgement.doubt("no-heading")
    elif not tickets:
        judgement.doubt("no-tickets")
    looked = paper.ended.astimezone(_BEIJING).replace(tzinfo=None)
    hours = {one.place: _hours(judgement, one, looked, allowed_hours) for one in tickets}
    repaired = {place: taken for place, taken in hours.items() if taken is not None}
    judgement.details |= {"tickets": len(tickets), "repaired": len(repaired)}
    found = [judgement.measurement(paper)]
    if repaired and not judgement.doubts:
        slowest = max(repaired, key=lambda place: repaired[place])
        details = {"point": slowest, "counted": len(repaired)}
        value = repaired[slowest]
        found.append(measured(paper, LONGEST, value, INSTRUMENT, unit="h", details=details))
    return tuple(found)


def _tickets(tables: Iterable[Table]) -> tuple[list[_Ticket], bool]:
    """The tickets of all tables, and whether any table is one of tickets."""
    found: list[_Ticket] = []
    headed = False
    for table in tables:
        head, columns = _FIELDS.best_row(table)
        if not {"reported", "restored"} <= columns.keys():
            continue
        headed = True
        for number, row in enumerate(table.rows[head + 1 :], start=head + 2):
            cells = {name: row[index] for name, index in columns.items() if index < len(row)}
            if anything(cells.get("reported")) or anything(cells.get("restored")):
                name = written(cells.get("id"))
                found.append(_Ticket(f"{table.name}:{number} {name}".strip(), cells))
    return found, headed


def _hours(
    judgement: PaperJudgement, ticket: _Ticket, looked: datetime.datetime, allowed: float
) -> float | None:
    """Hours from report to repair, ``None`` where they do not count; what is wrong is noted."""
    times: dict[str, datetime.datetime | None] = {}
    for name in ("reported", "restored"):
        times[name] = moment(ticket.cells.get(name))
        if times[name] is None and (ticket.has(name) or name == "reported"):
            value = written(ticket.cells.get(name))[:40]
            judgement.doubt("time-unclear", ticket=ticket.place, found=value)
            return None
    reported, restored = times["reported"], times["restored"]
    assert reported is not None
    excused = ticket.has("force-majeure")
    taken = ((restored or looked) - reported).total_seconds() / 3600
    if taken < 0:
        judgement.doubt("restored-before-report", ticket=ticket.place)
        return None
    if excused and taken > allowed and not ticket.has("proof"):
        judgement.fault("force-majeure-unproven", ticket=ticket.place, hours=round(taken, 1))
        return None
    if excused:
        return None
    if restored is None:
        closed = written(ticket.cells.get("status")).lower() in _CLOSED
        if closed:
            judgement.fault("closed-without-repair", ticket=ticket.place)
        elif taken > allowed:
            judgement.fault("not-repaired", tickets=named([ticket.place]), hours=round(taken, 1))
        return None
    return round(taken, 2)
