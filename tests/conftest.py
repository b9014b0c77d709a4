"""A second look at tests that lost a race with a busy machine, in plain sight.

Many tests measure real time over real sockets. One that fails in its call is run once more; if it
then passes, the summary names it, so that a test that needs this often is seen and mended.
"""

from __future__ import annotations

import pytest
from _pytest.runner import runtestprotocol

_SECOND_LOOK = ("second look", True)


class _Sibling:
    """Stands for a next test in the same place: keeps wider fixtures alive for a second look."""

    def __init__(self, item: pytest.Item) -> None:
        self._chain = item.listchain()[:-1]

    def listchain(self) -> list[pytest.Item]:
        return self._chain  # type: ignore[return-value]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    sibling = _Sibling(item)
    reports = runtestprotocol(item, log=False, nextitem=sibling)  # type: ignore[arg-type]
    if any(report.when == "call" and report.failed for report in reports):
        item._initrequest()  # type: ignore[attr-defined]
        again = runtestprotocol(item, log=False, nextitem=sibling)  # type: ignore[arg-type]
        if not any(report.failed for report in again):
            reports = again
            for report in reports:
                report.user_properties.append(_SECOND_LOOK)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.session._setupstate.teardown_exact(nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("passed", ()):
        if _SECOND_LOOK in map(tuple, report.user_properties):
            terminalreporter.write_line(f"passed at the second look: {report.nodeid}")
