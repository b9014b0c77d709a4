"""Which event of a scene a notification tells of: ONVIF topics and alarms of GB/T 28181.

ONVIF names topics of its own (Core 9.7, Analytics 5, Imaging 8), and vendors others beside them; no
prefix has a meaning of its own, so paths are compared by their local names. GB/T 28181-2016 A.2.5 b
numbers alarms by method and type.
"""

from __future__ import annotations

import re

#: The events of clause 4.3.1 i.
SCENE_EVENTS = ("line-crossing", "intrusion", "sound", "defocus", "motion")
#: Path in small letters; the first that fits decides.
_TOPICS = (
    ("line-crossing", r"(^|/)(linedetector|linecross\w*|crossline\w*|linecounter|tripwire)(/|$)"),
    ("intrusion", r"(^|/)(fielddetector|intrusion\w*|fieldintrusion\w*)(/|$)"),
    ("sound", r"(^|/)(detectedsound|audioalarm|audiodetect\w*|sounddetect\w*|audioexception)(/|$)"),
    ("defocus", r"(^|/)(imagetooblurry|globalscenechange|defocus\w*|outoffocus)(/|$)"),
    ("motion", r"(^|/)(cellmotiondetector|motionregiondetector|motionalarm|motiondetect\w*)(/|$)"),
)
_NAME = re.compile(r"(?:[\w.-]+:)?([\w.-]+)")
#: AlarmType of method 5 (video). No type of theirs tells of a sound.
_VIDEO_METHOD = 5
_VIDEO_TYPES = {2: "motion", 5: "line-crossing", 6: "intrusion", 11: "defocus"}
_TRUE = ("true", "1", "active")


def topic_path(text: str) -> str:
    """A topic by its local names, ``RuleEngine/LineDetector/Crossed``; "" for what is none."""
    found = [_NAME.fullmatch(step) for step in text.strip().split("/")]
    return "/".join(one[1] for one in found if one) if all(found) else ""


def event_of_topic(text: str) -> str | None:
    """The event of ``SCENE_EVENTS`` that a topic tells of, or ``None``."""
    path = topic_path(text).lower()
    return next((event for event, pattern in _TOPICS if re.search(pattern, path)), None)


def event_of_alarm(method: str, kind: str) -> str | None:
    """The event that ``AlarmMethod`` and ``AlarmType`` tell of, or ``None``."""
    if method.strip() != str(_VIDEO_METHOD) or not kind.strip().isdecimal():
        return None
    return _VIDEO_TYPES.get(int(kind.strip()[:4]))


def gb28181_type(event: str) -> int | None:
    """The ``AlarmType`` of method 5 for an event, or ``None`` where there is none."""
    return next((kind for kind, one in _VIDEO_TYPES.items() if one == event), None)


def begins(data: dict[str, str]) -> bool:
    """Whether the data of a message say that something is so, and not that it is over.

    A message without any truth among its data (an object has crossed) says so by coming.
    """
    words = [value.strip().lower() for value in data.values()]
    truths = [word for word in words if word in ("true", "false", "active", "inactive")]
    if not truths:
        truths = [
            value.strip().lower()
            for name, value in data.items()
            if re.match(r"(is|state|logical)", name, re.IGNORECASE) and value.strip() in ("0", "1")
        ]
    return not truths or any(word in _TRUE for word in truths)
