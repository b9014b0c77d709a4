"""A platform judged by a device that registered with it (GB/T 28181-2016 9.1 to 9.8, annexes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assessment.recording import Part, Recording
from probes.gb28181.conversation import PART
from probes.gb28181.ladder import ladder_svg, ladder_text
from probes.gb28181.platform_lines import Line, Scene
from probes.gb28181.platform_registration import judge_registration
from probes.gb28181.platform_sessions import judge_requests, judge_sessions, judge_signalling
from protocols.sip.capture import read_conversation

INSTRUMENT = "gb-platform/1"
_TEXT = "text/plain; charset=utf-8"
_NOT_ASKED = "gb-platform.needs-intrusive"


@dataclass(frozen=True)
class PlatformJudgement:
    """What became of every rule, and the evidence.

    Attributes:
        lines: in the order of a conversation.
        evidence: the conversation itself, its ladder, its departures, by file name.
    """

    lines: tuple[Line, ...]
    evidence: dict[str, Part]

    @property
    def overall(self) -> Literal["departs", "open", "met"]:
        """``open``: nothing departs, and something that was asked for was not seen or tried."""
        if any(one.outcome == "departs" for one in self.lines):
            return "departs"
        return "met" if all(_settled(one) for one in self.lines) else "open"


def _settled(line: Line) -> bool:
    not_asked = line.untried is not None and line.untried.code == _NOT_ASKED
    return line.outcome == "met" or (line.outcome == "not-tried" and not_asked)


def judge_platform(recording: Recording) -> PlatformJudgement:
    """Judge a ``gb28181:device-side`` recording; see docs/recordings.md."""
    scene = Scene(recording)
    lines = (
        *judge_registration(scene),
        *judge_requests(scene),
        *judge_sessions(scene),
        judge_signalling(scene),
    )
    return PlatformJudgement(lines, _evidence(scene, lines))


def _evidence(scene: Scene, lines: tuple[Line, ...]) -> dict[str, Part]:
    kept: dict[str, Part] = {}
    if PART in scene.recording.parts:
        kept[PART] = scene.recording.parts[PART]
    if scene.conversation.messages:
        conversation = scene.conversation
        kept["ladder.svg"] = Part.of(ladder_svg(conversation, "platform").encode(), "image/svg+xml")
        kept["ladder.txt"] = Part.of(ladder_text(conversation, "platform").encode(), _TEXT)
        kept["messages.txt"] = Part.of(_messages(scene).encode(), _TEXT)
    found = [
        f"{one.clause}\t{one.code}\t{one.detail}\t{line.name}\tx{count}"
        for line in lines
        for one, count in line.deviations.items()
    ]
    if found:
        kept["deviations.txt"] = Part.of("\n".join(found).encode(), _TEXT)
    return kept


def _messages(scene: Scene) -> str:
    """Every message as text, for readers without a packet analyser; it was read before."""
    parts = []
    for one in read_conversation(scene.recording.read(PART)):
        way = "harness --> platform" if one.outbound else "platform --> harness"
        parts.append(f"===== {one.at:.3f} {way} {one.transport}\n{_shown(one.data)}\n")
    return "\n".join(parts)


def _shown(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")
