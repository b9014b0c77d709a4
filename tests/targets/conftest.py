from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.targets.servers import GstreamerServer


@pytest.fixture
def gstreamer() -> Iterator[Callable[..., GstreamerServer]]:
    """Starts GStreamer's RTSP servers and stops them after the test."""
    started: list[GstreamerServer] = []

    def start(*arguments: str, launch: str | None = None) -> GstreamerServer:
        started.append(GstreamerServer.start(*arguments, launch=launch))
        return started[-1]

    yield start
    for server in started:
        server.stop()
