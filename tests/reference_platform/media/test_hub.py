import asyncio
import itertools
import time
from collections.abc import AsyncIterator

import pytest

from protocols.time_source import SystemTime
from reference_platform.errors import PlatformError
from reference_platform.media.hub import ONE_PULL_PER_USER, LiveHub
from reference_platform.media.limits import MediaLimits
from reference_platform.media.units import AccessUnit
from tests.reference_platform.media.synthetic import SyntheticSources, channel

QUICK = MediaLimits(grace_s=0.05, retry_s=0.02, longest_retry_s=0.05)


async def until(true: object, seconds: float = 2.0) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "did not happen"
        await asyncio.sleep(0.005)


@pytest.fixture
def sources() -> SyntheticSources:
    return SyntheticSources(rate=200)


@pytest.fixture
async def hub(sources: SyntheticSources) -> AsyncIterator[LiveHub]:
    opened = LiveHub(sources, SystemTime(), QUICK)
    yield opened
    await opened.close()


async def test_many_takers_cost_one_pull(hub: LiveHub, sources: SyntheticSources) -> None:
    takers = [await hub.subscribe(channel(), "main") for _ in range(5)]
    assert [(await anext(taker)).key for taker in takers] == [True] * 5
    await hub.subscribe(channel(), "sub")
    assert sources.opened == [(channel().id, "main"), (channel().id, "sub")]
    assert hub.pulls(channel().id) == 2


async def test_who_comes_at_once_shares_the_pull_too(
    hub: LiveHub, sources: SyntheticSources
) -> None:
    await asyncio.gather(*(hub.subscribe(channel(), "main") for _ in range(5)))
    assert len(sources.opened) == 1


async def test_the_pull_ends_when_the_last_leaves(hub: LiveHub, sources: SyntheticSources) -> None:
    first, second = [await hub.subscribe(channel(), "main") for _ in range(2)]
    first.close()
    first.close()
    await asyncio.sleep(2 * QUICK.grace_s)
    assert not sources.running[0].closed
    second.close()
    assert not sources.running[0].closed
    await until(lambda: sources.running[0].closed)
    assert hub.pulls(channel().id) == 0
    assert hub.state(channel().id) is None


async def test_who_comes_within_the_grace_goes_on_with_the_same_pull(
    hub: LiveHub, sources: SyntheticSources
) -> None:
    (await hub.subscribe(channel(), "main")).close()
    taker = await hub.subscribe(channel(), "main")
    await asyncio.sleep(2 * QUICK.grace_s)
    assert len(sources.opened) == 1
    await anext(taker)


async def test_who_comes_late_starts_at_once_with_the_group_under_way(hub: LiveHub) -> None:
    first = await hub.subscribe(channel(), "main")
    for _ in range(30):
        await anext(first)
    late = await hub.subscribe(channel(), "main")
    begin = time.monotonic()
    unit = await anext(late)
    assert unit.key
    assert time.monotonic() - begin < 0.05
    following = await anext(late)
    assert not following.key
    assert following.pts - unit.pts == 450


async def test_a_slow_taker_goes_on_at_a_key_picture_and_holds_nobody_up() -> None:
    sources = SyntheticSources(rate=400, group=10)
    limits = MediaLimits(grace_s=0, waiting_units=15)
    hub = LiveHub(sources, SystemTime(), limits)
    slow = await hub.subscribe(channel(), "main")
    quick = await hub.subscribe(channel(), "main")
    taken = [await anext(quick) for _ in range(60)]
    assert [b.pts - a.pts for a, b in itertools.pairwise(taken)] == [225] * 59
    assert slow.waiting <= 15
    assert slow.dropped > 20
    assert (await anext(slow)).key
    assert quick.dropped == 0
    await hub.close()


async def test_a_lost_source_is_opened_again_and_time_goes_on(
    hub: LiveHub, sources: SyntheticSources
) -> None:
    taker = await hub.subscribe(channel(), "main")
    before = [await anext(taker) for _ in range(3)]
    sources.running[0].break_off()
    await until(lambda: hub.state(channel().id) == "lost")
    assert sources.running[0].closed
    await until(lambda: len(sources.running) == 2)
    after: AccessUnit = await anext(taker)
    while after.pts - before[-1].pts < 1000:
        after = await anext(taker)
    assert after.key
    assert after.pts - before[-1].pts < 90_000
    assert hub.state(channel().id) == "live"


async def test_the_hasty_are_told_and_the_patient_wait(
    hub: LiveHub, sources: SyntheticSources
) -> None:
    sources.refusal = PlatformError("source.offline", 503)
    with pytest.raises(PlatformError, match=r"source\.offline"):
        await hub.subscribe(channel(), "main")
    patient = await hub.subscribe(channel(), "main", patient=True)
    with pytest.raises(PlatformError, match=r"source\.offline"):
        await hub.subscribe(channel(), "main")
    sources.refusal = None
    assert (await anext(patient)).key
    await hub.subscribe(channel(), "main")


async def test_a_fault_of_ours_in_a_source_does_not_end_the_channel(
    hub: LiveHub, sources: SyntheticSources, caplog: pytest.LogCaptureFixture
) -> None:
    sources.refusal = ValueError("a bug")  # type: ignore[assignment]
    patient = await hub.subscribe(channel(), "main", patient=True)
    await until(lambda: len(sources.opened) > 1)
    sources.refusal = None
    assert (await anext(patient)).key
    assert "a bug" in caplog.text


async def test_closing_ends_everything(sources: SyntheticSources) -> None:
    hub = LiveHub(sources, SystemTime(), QUICK)
    taker = await hub.subscribe(channel(), "main")
    await hub.close()
    assert [unit async for unit in taker] == []
    assert sources.running[0].closed
    with pytest.raises(PlatformError):
        await hub.subscribe(channel(), "main")


async def test_defect_one_pull_per_user(sources: SyntheticSources) -> None:
    hub = LiveHub(sources, SystemTime(), QUICK, frozenset({ONE_PULL_PER_USER}))
    for owner in ("a", "b", "a"):
        await hub.subscribe(channel(), "main", owner=owner)
    assert hub.pulls(channel().id) == len(sources.opened) == 2
    await hub.close()
