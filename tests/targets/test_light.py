from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from hardware_rigs.http_rig import HttpLightBox
from messages import text
from protocols.time_source import SystemTime, VirtualTime
from targets.errors import VisitProblem
from targets.light import NoRig, ScheduleLight, sun_elevation
from tests.targets.servers import ADDRESS, http_answer, read_request, tcp_server

HANGZHOU = (30.25, 120.17)


def posix(*fields: int) -> float:
    return datetime(*fields, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("place", "moment", "elevation"),
    [
        # Geometry anybody can check: equator at the equinox, tropic at the solstice, the pole.
        ((0.0, 0.0), posix(2026, 3, 20, 12, 7), 89.9),
        ((23.44, 0.0), posix(2026, 6, 21, 12, 2), 90.0),
        ((90.0, 0.0), posix(2026, 6, 21, 12), 23.44),
        ((90.0, 0.0), posix(2026, 12, 21, 12), -23.44),
        ((0.0, 0.0), posix(2026, 3, 20, 6, 7), 0.0),
    ],
)
def test_the_elevation_of_the_sun(
    place: tuple[float, float], moment: float, elevation: float
) -> None:
    assert sun_elevation(*place, moment) == pytest.approx(elevation, abs=0.3)


@pytest.mark.parametrize(
    ("moment", "level", "source"),
    [
        (posix(2026, 7, 1, 4), "day", "schedule"),  # noon in Hangzhou
        (posix(2026, 7, 1, 16), "night", "schedule"),  # midnight
        (posix(2026, 7, 1, 16), "day", None),
        (posix(2026, 7, 1, 4), "night", None),
        (posix(2026, 7, 1, 11, 20), "night", None),  # dusk: the sun 3 degrees down
        (posix(2026, 7, 1, 11, 20), "day", None),
        (posix(2026, 7, 1, 4), "high-contrast", None),
    ],
)
async def test_the_schedule(moment: float, level: str, source: str | None) -> None:
    light = ScheduleLight({"p": HANGZHOU}, time_source=VirtualTime(moment))
    if source is not None:
        assert await light.set("p", level) == source  # type: ignore[arg-type]
        return
    with pytest.raises(VisitProblem) as caught:
        await light.set("p", level)  # type: ignore[arg-type]
    assert caught.value.reason.code == "visit.no-rig"


@pytest.mark.parametrize(
    ("moment", "level", "told"),
    [
        (posix(2026, 12, 21, 5), "day", True),  # 13:00 in Beijing: day from Kashgar to Fuyuan
        (posix(2026, 12, 21, 1), "day", False),  # 9:00: still dark in the west
        (posix(2026, 12, 21, 10), "day", False),  # 18:00: already dark in the east
        (posix(2026, 12, 21, 10), "night", False),
        (posix(2026, 6, 21, 16, 30), "night", True),  # 0:30: dark wherever it is
        (posix(2026, 6, 21, 14), "night", False),  # 22:00: dusk in the west
    ],
)
async def test_a_point_without_a_place_is_somewhere_in_china(
    moment: float, level: str, told: bool
) -> None:
    light = ScheduleLight({}, time_source=VirtualTime(moment))
    if told:
        assert await light.set("p", level) == "schedule"  # type: ignore[arg-type]
        return
    with pytest.raises(VisitProblem):
        await light.set("p", level)  # type: ignore[arg-type]


async def test_no_rig_at_all() -> None:
    with pytest.raises(VisitProblem) as caught:
        await NoRig().set("p", "night")
    assert caught.value.reason.parameters["light"] == "night"


async def test_the_light_box() -> None:
    asked: list[tuple[str, bytes]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, _, body = await read_request(reader)
        asked.append((line, body))
        known = "/cameras/1101/light" in line
        writer.write(http_answer(b"{}", "200 OK" if known else "404 Not Found"))

    async with tcp_server(handle) as port:
        box = HttpLightBox(f"http://{ADDRESS}:{port}/", time_source=SystemTime())
        assert await box.set("1101", "night") == "rig"
        with pytest.raises(VisitProblem) as caught:
            await box.set("a/b", "day")
        assert caught.value.reason.parameters["detail"] == "HTTP 404"
    assert asked == [
        ("PUT /cameras/1101/light HTTP/1.1", b'{"level": "night"}'),
        ("PUT /cameras/a%2Fb/light HTTP/1.1", b'{"level": "day"}'),
    ]
    with pytest.raises(VisitProblem) as caught:
        await box.set("1101", "night")
    assert caught.value.reason.code == "visit.rig-failed"
    assert "the port is closed" in text(
        "reason.visit.rig-failed", "en", **caught.value.reason.parameters
    )
