import pytest

from assessment.store import RunStore
from tests.visits.test_clock_watch import START, Site
from visits.clock_watch import WatchPlan
from visits.clock_watch_store import EachVisitAnew, RunWatchStore


class KilledError(BaseException):
    pass


def test_a_watch_goes_on_in_the_run_that_was_killed(tmp_path):
    def kill(number):
        if number == 7:
            raise KilledError

    site = Site({"camera": frozenset({"offset-1500ms"}), "other": frozenset()}, polls=5)
    site.on_visit = kill
    with RunStore.create(tmp_path / "run", {"name": "watch"}) as run:
        assert RunWatchStore(run).plan() is None
        with pytest.raises((KilledError, BaseExceptionGroup)):
            site.watch(RunWatchStore(run), duration_s=3600.0)
    with RunStore.open(tmp_path / "run") as run:
        store = RunWatchStore(run)
        assert store.plan() == WatchPlan(("camera", "other"), START, 3600.0, 300.0)
        site.watch(store, duration_s=3600.0)
        for subject, beyond in (("camera", True), ("other", False)):
            recordings = store.recordings(subject)
            assert recordings[-1].kind == "clock-watch"
            assert recordings[-1].facts["unbroken_s"] >= 3600
            assert (site.judge(store, subject).lower > 1) == beyond
        assert run.verify() == ()


async def test_no_visit_of_a_watch_is_answered_from_before():
    shelf = EachVisitAnew()
    site = Site({"camera": frozenset()}, polls=3)
    site.benches["camera"].wait = site.benches["camera"].sleep
    recording = await site.visit("camera")
    assert shelf.save(recording) is recording
    assert shelf.find("clock", "camera") is None
