"""The long clock watch kept in a run: what a restart needs to go on with it."""

from __future__ import annotations

from collections.abc import Sequence

from assessment.recording import Recording
from assessment.store import RunStore
from visits.clock_watch import WatchPlan

_PLAN = "clock-watch"


class RunWatchStore:
    """A ``WatchStore`` in a run: the plan as a property of the run, each recording committed."""

    def __init__(self, run: RunStore) -> None:
        self._run = run

    def plan(self) -> WatchPlan | None:
        """See ``WatchStore``."""
        document = self._run.meta.get(_PLAN)
        return None if document is None else WatchPlan.of(document)

    def begin(self, plan: WatchPlan) -> None:
        """See ``WatchStore``."""
        self._run.note_meta(_PLAN, plan.document())

    def recordings(self, subject: str) -> Sequence[Recording]:
        """See ``WatchStore``."""
        return [
            recording
            for kind in ("clock", "clock-watch")
            for recording in self._run.recordings(kind, subject)
        ]

    def add(self, recording: Recording) -> None:
        """See ``WatchStore``."""
        self._run.save(recording)


class EachVisitAnew:
    """A ``RecordingStore`` for the desk of a watch: no visit is answered from before.

    It keeps nothing: the watch itself commits what the desk brings.
    """

    def find(self, kind: str, subject: str) -> Recording | None:  # noqa: ARG002
        """Nothing, ever."""
        return None

    def save(self, recording: Recording) -> Recording:
        """The recording as it is."""
        return recording
