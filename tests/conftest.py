"""How the tests run: several files at once, leaks told where they were made, a second look.

Many tests measure real time over real sockets. One that fails in its call is run once more; if it
then passes, the summary names it and where it failed, so that a test that needs this often is seen
and mended.

Generated cases are the same in every run, so that a commit is green or is not;
``--hypothesis-profile=explore`` draws new ones.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from _pytest.runner import call_and_report
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

settings.register_profile("guard", derandomize=True)
settings.register_profile("explore")
settings.load_profile("guard")

_SECOND_LOOK = "passed at the second look"
#: Files that share the run of a session-wide fixture, which is dear and owns a network.
_TOGETHER = dict.fromkeys(
    (
        "tests/console/test_real_report.py",
        "tests/console/test_rejudge.py",
        "tests/console/test_resume.py",
    ),
    "troubled_run",
)


class _FilesTogether(LoadFileScheduling):
    """The tests of a file go to one worker, and so do the files of ``_TOGETHER``."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return _TOGETHER.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return _FilesTogether(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    _collect()


@pytest.fixture(autouse=True, scope="module")
def _leaks_are_told_here() -> Iterator[None]:
    """A socket that a module leaves open fails that module, not whichever test comes later."""
    yield
    _collect()


def _collect() -> None:
    """Collect garbage, and leave what stays out of every later collection: it costs seconds."""
    gc.collect()
    gc.freeze()


class _Sibling:
    """Stands for a next test in the same place: keeps wider fixtures alive for a second look."""

    def __init__(self, item: pytest.Item) -> None:
        self._chain = item.listchain()[:-1]

    def listchain(self) -> list[pytest.Item]:
        return self._chain  # type: ignore[return-value]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = _look(item)
    if any(report.when == "call" and report.failed for report in reports):
        _put_away(item, _Sibling(item))
        item._initrequest()  # type: ignore[attr-defined]
        again = _look(item)
        if all(report.passed for report in again):
            again[-1].user_properties.append((_SECOND_LOOK, _fault(reports[-1])))
            reports = again
    reports.append(_put_away(item, nextitem))
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _fault(report: pytest.TestReport) -> str:
    """Where and how a test failed, in one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return str(report.longrepr).partition("\n")[0]
    here = report.longrepr.reprtraceback.reprentries[0].reprfileloc  # type: ignore[union-attr]
    return f"{here.path}:{here.lineno}: {crash.message}".partition("\n")[0]


def _look(item: pytest.Item) -> list[pytest.TestReport]:
    reports = [call_and_report(item, "setup", log=False)]
    if reports[0].passed:
        reports.append(call_and_report(item, "call", log=False))
    return reports


def _put_away(item: pytest.Item, nextitem: pytest.Item | _Sibling | None) -> pytest.TestReport:
    """Tear down what ``nextitem`` does not need; what was leaked shows in the report."""
    try:
        return call_and_report(item, "teardown", log=False, nextitem=nextitem)
    finally:
        item._request = False  # type: ignore[attr-defined]
        item.funcargs = None  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("passed", ()):
        for name, fault in report.user_properties:
            if name == _SECOND_LOOK:
                terminalreporter.write_line(f"{name}: {report.nodeid}: {fault}")
