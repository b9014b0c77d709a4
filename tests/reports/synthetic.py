"""A run made by hand, with everything that a report must be able to show."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

from PIL import Image

from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part, Recording
from assessment.sampling import Draw, Plan
from assessment.store import RunStore
from assessment.verdicts import Verdict
from reports.folder import write_reports
from reports.results import results_document, summary_of
from standard.catalogue import catalogue

TODAY = datetime.date(2026, 11, 23)
START = datetime.datetime(2026, 11, 23, 1, 0, tzinfo=datetime.UTC)
END = START + datetime.timedelta(seconds=10)
GATE, SQUARE, YARD = ("61010200001320000001", "61010200001320000002", "61010200001320000003")
#: A device's name meant to run code, turn the writing, ring bells and break XML.
HOSTILE = "<script>alert(1)</script>\u202e\u0000\x1b]0;x\x07&amp;]]>\uffff\u0645" + "长" * 10_000


def points(name: str = "东门枪机") -> list[dict[str, Any]]:
    names = (name, "广场球机", "后院半球")
    return [
        {"id": identifier, "name": shown, "location": "", "scene": "road", "indoor": False}
        for identifier, shown in zip((GATE, SQUARE, YARD), names, strict=True)
    ]


def png(colour: tuple[int, int, int] = (40, 90, 160)) -> Part:
    content = io.BytesIO()
    Image.new("RGB", (160, 90), colour).save(content, "PNG")
    return Part.of(content.getvalue(), "image/png")


def recording(kind: str, subject: str) -> Recording:
    return Recording(kind=kind, subject=subject, started=START, ended=END)


def measured(quantity: str, value: Any, unit: str = "", **more: Any) -> Measurement:
    fields: dict[str, Any] = {
        "instrument": f"{quantity}/1",
        "method": f"method.{quantity}",
        "subject": GATE,
        "started": START,
        "ended": END,
    }
    return Measurement(quantity=quantity, value=value, unit=unit, **(fields | more))


def rate(subject: str, value: float, half: float, digests: tuple[str, ...]) -> Measurement:
    return measured(
        "frame-rate",
        value,
        "fps",
        lower=value - half,
        upper=value + half,
        subject=subject,
        recordings=digests,
        details={"per_second": [25, 24, 26, 25, 25]},
    )


def findings(digests: dict[str, str]) -> list[tuple[Finding, str]]:
    limit = Reason(
        "limit.at_least-with-tolerance",
        {"quantity": "frame-rate", "value": "25", "unit": "fps", "tolerance": 0.05},
    )
    numbers = {"unit": "fps", "limit": 25.0}
    slow = {"measured": 20.013, "uncertainty": 0.012, **numbers}
    fine = {"measured": 24.9991, "uncertainty": 0.012, **numbers}
    unsure = {"measured": 24.96, "uncertainty": 0.4, **numbers}
    day = "白天每秒不少于25幅不重复的画面：每台摄像机的帧率不低于25帧每秒"
    common: dict[str, Any] = {"limit": limit, "rule": "tolerance", "rulings": ("R-001",)}
    rows: list[tuple[Finding, str]] = []
    for subject, verdict, code, numbers_of, half, settle in (
        (GATE, Verdict.FAIL, "frame-rate.below-limit", slow, 0.012, None),
        (SQUARE, Verdict.PASS, "frame-rate.within-limit", fine, 0.012, None),
        (
            YARD,
            Verdict.INCONCLUSIVE,
            "frame-rate.straddles-limit",
            unsure,
            0.4,
            Reason(
                "settle.smaller-uncertainty", {"uncertainty": 0.4, "needed": 0.01, "unit": "fps"}
            ),
        ),
    ):
        measurement = rate(subject, numbers_of["measured"], half, (digests[subject],))
        reason = Reason(code, numbers_of)
        rows.append(
            (
                Finding(
                    "4.3.1-c2", subject, verdict, reason, 1, (measurement,), settle=settle, **common
                ),
                day,
            )
        )
    colour = measured(
        "colour",
        "monochrome",
        evidence={"picture.jpg": png(), "notes.txt": Part.of(b"x", "text/plain")},
    )
    rows.append(
        (
            Finding(
                "4.3.1-c3",
                GATE,
                Verdict.FAIL,
                Reason("colour.monochrome", {"measured": "monochrome"}),
                1,
                (colour,),
                limit=Reason("limit.equals", {"quantity": "colour", "value": "colour", "unit": ""}),
                rule="nominal",
            ),
            "夜晚输出彩色画面：每台摄像机的画面是彩色的",
        )
    )
    offset = measured(
        "camera-platform-offset",
        0.0032,
        "s",
        lower=-0.0008,
        upper=0.0072,
        method="method.clock-offset.whole-seconds",
        details={"series": [[1795425992.4, -0.4, 0.6], [1795425993.4, -0.0008, 0.9]]},
    )
    rows.append(
        (
            Finding(
                "4.3.3.5-b",
                GATE,
                Verdict.PASS,
                Reason(
                    "camera-platform-offset.within-limit",
                    {"measured": 0.0032, "uncertainty": 0.004, "unit": "s", "limit": 1.0},
                ),
                1,
                (offset,),
            ),
            "时间一致：每台摄像机的时钟与基准相差小于1秒",
        )
    )
    online = measured(
        "online-rate",
        0.5,
        "1",
        lower=0.5,
        upper=0.5,
        subject="site",
        method="method.online-rate.census",
        details={"lines": {GATE: [[1795425992.4, True]], SQUARE: [[1795425992.4, False]]}},
    )
    rows.append(
        (
            Finding(
                "5.3-a",
                "site",
                Verdict.ERROR,
                Reason("scenario.harness-fault", {"step": "在线率不低于85%", "kind": "KeyError"}),
                1,
                (online,),
            ),
            "在线率：在线率不低于85%",
        )
    )
    return rows


def store(folder: Path, name: str = "东门枪机") -> RunStore:
    """A finished run in ``folder``; ``name`` is what the first camera calls itself."""
    shown = points(name)
    drawn = Draw(plan=Plan("all"), seed=7, lot=3, drawn=(GATE, SQUARE, YARD), accept=0, letter="")
    made = RunStore.create(
        folder,
        {
            "site": f"测试站点 {name}",
            "simulated": False,
            "started": START.isoformat(),
            "ended": END.isoformat(),
            "version": "0.1.0",
            "arguments": ["--site", "my site.yaml"],
            "asked": ["4.3.1-c1", "4.3.1-c2", "4.3.1-c3", "4.3.3.5-b", "5.3-a"],
            "draw": drawn.document(),
            "points": shown,
        },
    )
    digests = {}
    for subject in (GATE, SQUARE, YARD):
        digests[subject] = made.save(recording("stream:day", subject)).digest
    for finding, scenario in findings(digests):
        made.save_finding(finding, scenario)
    return made


def document(made: RunStore, detection: dict[str, Any] | None = None) -> dict[str, Any]:
    summary = summary_of(made, catalogue(), TODAY)
    return results_document(made, catalogue(), summary, detection)


def written(folder: Path, lang: str = "zh", name: str = "东门枪机") -> Path:
    """The folder of a finished run with its reports."""
    with store(folder, name) as made:
        write_reports(made, catalogue(), lang, TODAY)
    return folder
