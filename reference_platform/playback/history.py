"""How a download is told: to its owner, and as a line of the history."""

from __future__ import annotations

from reference_platform.behaviours import defect
from reference_platform.playback.models import DownloadRecord, DownloadView, PassedGap
from reference_platform.playback.tables import DownloadRow
from reference_platform.times import moment, optional_moment

HISTORY_MISSING = defect("history-missing", "Downloads leave no trace in the history.")
HISTORY_WITHOUT_CANCELLED = defect(
    "history-without-cancelled", "Only finished downloads are in the history."
)
HISTORY_DELETABLE = defect(
    "history-deletable", "Who deletes a finished download deletes its line of the history too."
)
HISTORY_WITHOUT_USER = defect("history-without-user", "The history does not say who downloaded.")
HISTORY_WITHOUT_DEVICE = defect(
    "history-without-device", "The history does not say what was downloaded from."
)
HISTORY_WITHOUT_PERIOD = defect(
    "history-without-period", "The history does not say which period was downloaded."
)
HISTORY_WRONG_USER = defect(
    "history-wrong-user", "The history names the administrator as the user of every download."
)

_RESULTS = {"ready": "done", "removed": "done"}


def view_of(row: DownloadRow) -> DownloadView:
    """A download as its owner sees it."""
    return DownloadView.model_validate(
        {
            "id": row.id,
            "user": row.user_name,
            "channel": row.channel_id,
            "device": row.device_id,
            "source": row.source,
            "start": moment(row.start),
            "end": moment(row.end),
            "state": row.state,
            "progress": row.progress,
            "bytes": row.bytes,
            "sha256": row.sha256,
            "gaps": [PassedGap(start=moment(start), end=moment(end)) for start, end in row.gaps],
            "error": row.error,
            "created": moment(row.created),
        }
    )


def record_of(row: DownloadRow, behaviours: frozenset[str]) -> DownloadRecord | None:
    """A line of the history; None where a defect leaves it out."""
    result = _RESULTS.get(row.state, row.state)
    if HISTORY_MISSING in behaviours:
        return None
    if HISTORY_WITHOUT_CANCELLED in behaviours and result != "done":
        return None
    without_period = HISTORY_WITHOUT_PERIOD in behaviours
    without_device = HISTORY_WITHOUT_DEVICE in behaviours
    user = row.user_name
    if HISTORY_WRONG_USER in behaviours:
        user = "admin"
    return DownloadRecord(
        id=row.id,
        user="" if HISTORY_WITHOUT_USER in behaviours else user,
        device="" if without_device else row.device_id,
        channel="" if without_device else row.channel_id,
        start=None if without_period else moment(row.start),
        end=None if without_period else moment(row.end),
        bytes=row.bytes,
        started=moment(row.created),
        ended=optional_moment(row.ended),
        result=result,
    )
