"""The tree: any depth, kept over a restart, nothing left hanging."""

from __future__ import annotations

from reference_platform.platform import Platform
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import Client


async def grow(admin: Client, *names: str, parent: str = "root") -> list[str]:
    """A line of organisations, each below the one before."""
    made = []
    for name in names:
        new = {"name": name, "parent": parent, "region": ""}
        parent = (await admin.ok("POST", "/api/organisations", new))["id"]
        made.append(parent)
    return made


async def restart(new_platform: StartPlatform, platform: Platform) -> Platform:
    await platform.close()
    settings = platform.settings
    return await new_platform(*settings.behaviours, data=settings.data, address=settings.address)


async def test_a_tree_of_many_levels_survives_a_restart(
    new_platform: StartPlatform, client: People
) -> None:
    platform = await new_platform()
    admin = await client(platform)
    line = await grow(admin, "省", "市", "区", "街道", "社区", "小区")
    await admin.ok(
        "PATCH", f"/api/organisations/{line[2]}", {"version": 1, "name": "新区", "region": "610113"}
    )
    before = await admin.ok("GET", "/api/organisations")
    assert len(before) == 7
    again = await client(await restart(new_platform, platform))
    assert await again.ok("GET", "/api/organisations") == before
    assert await again.ok("GET", "/api/regions") == [{"code": "610113", "name": "新区"}]


async def test_a_node_moves_with_all_below_but_not_below_itself(
    new_platform: StartPlatform, client: People
) -> None:
    admin = await client(await new_platform())
    top, below = await grow(admin, "top", "below")
    (other,) = await grow(admin, "other")
    move = {"version": 1, "parent": below}
    refused = await admin.refused("PATCH", f"/api/organisations/{top}", move)
    assert refused == "organisation.below-itself"
    moved = await admin.ok("PATCH", f"/api/organisations/{top}", {"version": 1, "parent": other})
    assert moved["parent"] == other
    stale = await admin.refused("PATCH", f"/api/organisations/{top}", {"version": 1, "name": "x"})
    assert stale == "conflict.stale"
    root = {"version": 1, "parent": other}
    assert await admin.refused("PATCH", "/api/organisations/root", root) == "organisation.root"


async def test_what_something_hangs_on_is_not_deleted(
    new_platform: StartPlatform, client: People
) -> None:
    admin = await client(await new_platform())
    top, below = await grow(admin, "top", "below")
    status, answer = await admin.call("DELETE", f"/api/organisations/{top}?version=1")
    assert (status, answer["error"]["code"]) == (409, "conflict.has-children")
    device = {"id": "34020000001320000001", "name": "Gate", "organisation": below}
    await admin.ok("POST", "/api/devices", device)
    refused = await admin.refused("DELETE", f"/api/organisations/{below}?version=1")
    assert refused == "conflict.has-children"
    await admin.ok("DELETE", "/api/devices/34020000001320000001?version=1")
    await admin.ok("DELETE", f"/api/organisations/{below}?version=1")
    await admin.ok("DELETE", f"/api/organisations/{top}?version=1")
    assert len(await admin.ok("GET", "/api/organisations")) == 1
    gone = await admin.refused("PATCH", f"/api/organisations/{top}", {"version": 1, "name": "x"})
    assert gone == "access.denied"


async def test_the_deepest_tree_is_bounded(new_platform: StartPlatform, client: People) -> None:
    admin = await client(await new_platform())
    line = await grow(admin, *(f"level {number}" for number in range(31)))
    new = {"name": "one more", "parent": line[-1]}
    assert await admin.refused("POST", "/api/organisations", new) == "organisation.too-deep"


async def test_orphan_after_delete(new_platform: StartPlatform, client: People) -> None:
    admin = await client(await new_platform("orphan-after-delete"))
    top, below = await grow(admin, "top", "below")
    await admin.ok("DELETE", f"/api/organisations/{top}?version=1")
    left = {each["id"]: each["parent"] for each in await admin.ok("GET", "/api/organisations")}
    assert left.get(below, top) == top
    assert top not in left


async def test_change_lost_at_restart(new_platform: StartPlatform, client: People) -> None:
    platform = await new_platform("change-lost-at-restart")
    admin = await client(platform)
    await admin.ok("PATCH", "/api/organisations/root", {"version": 1, "name": "Renamed"})
    await grow(admin, "one", "two")
    again = await client(await restart(new_platform, platform))
    names = [each["name"] for each in await again.ok("GET", "/api/organisations")]
    assert names == ["Operation centre"]
