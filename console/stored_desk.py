"""A desk without a door: it answers from the run store only, and never visits."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from assessment.reason import Reason
from assessment.recording import Recording
from assessment.store import RunStore
from targets.site import Point


class StoredDesk:
    """What steps ask when an old run is judged again.

    Args:
        store: the run.
        moment: when the run was made; a recording that it lacks is dated so.
    """

    def __init__(self, store: RunStore, moment: datetime.datetime) -> None:
        self._store = store
        self._moment = moment

    def visit_all(self, kind: str, points: Sequence[Point]) -> Mapping[str, Recording]:
        """The kept recordings; in the place of a missing one, a recording of that problem."""
        return {
            point.id: self._store.find(kind, point.id) or self._missing(kind, point.id)
            for point in points
        }

    def history(self, kind: str, point: Point) -> Sequence[Recording]:
        """All kept recordings of ``kind`` of ``point``, oldest first."""
        return list(self._store.recordings(kind, point.id))

    def _missing(self, kind: str, subject: str) -> Recording:
        problem = Reason("visit.not-recorded", {"what": kind})
        return Recording(kind, subject, self._moment, self._moment, problem=problem)
