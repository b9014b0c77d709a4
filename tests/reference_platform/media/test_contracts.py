"""What a contract agrees is what its organisation's users get."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.reference_platform.media.conftest import Site, until
from tests.reference_platform.media.synthetic import channel
from tests.reference_platform.platforms import PASSWORD

ONE = channel(1).id
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36"}


@pytest.fixture
async def served(site: Site) -> Site:
    """Alice and Bob are of a district of their own, below the root."""
    district = await site.admin.ok(
        "POST", "/api/organisations", {"name": "莲湖区", "parent": "root", "region": "610104"}
    )
    below = await site.admin.ok(
        "POST", "/api/organisations", {"name": "一街", "parent": district["id"]}
    )
    for name, organisation in (("alice", district["id"]), ("bob", below["id"])):
        user = next(one for one in await site.admin.ok("GET", "/api/users") if one["name"] == name)
        change = {"version": user["version"], "organisation": organisation}
        await site.admin.ok("PATCH", f"/api/users/{user['id']}", change)
    site.users["district"] = district["id"]
    return site


async def agree(site: Site, organisation: str, **contract: Any) -> dict[str, Any]:
    customer = await site.admin.ok(
        "POST", "/api/customers", {"name": "物业", "organisation": organisation}
    )
    made: dict[str, Any] = await site.admin.ok(
        "POST", "/api/services", {"customer": customer["id"], **contract}
    )
    return made


async def test_users_of_an_organisation_share_the_views_of_its_contract(served: Site) -> None:
    contract = await agree(served, served.users["district"], concurrent_viewers=1)
    async with served.client_view() as stream:  # Bob, below the district
        await stream.readany()
        status, answer = await served.alice.call("GET", f"/api/live/{ONE}")
        assert (status, answer["error"]["code"]) == (503, "live.contract-full")
        assert "allows 1 views" in answer["error"]["message"]
        change = {"version": contract["version"], "concurrent_viewers": 2}
        await served.admin.ok("PATCH", f"/api/services/{contract['id']}", change)
        await served.watch(served.alice, 1, 0.1)
    await until(lambda: not served.platform.media.viewers._contracted)


@pytest.mark.parametrize("ended", [False, True])
async def test_a_contract_of_the_operator_or_one_that_has_ended_binds_nobody(
    served: Site, ended: bool
) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    organisation = served.users["district"] if ended else "root"
    await agree(served, organisation, concurrent_viewers=1, valid_until=past if ended else None)
    async with served.client_view() as stream:
        await stream.readany()
        await served.watch(served.alice, 1, 0.1)


async def test_who_comes_by_a_way_that_is_not_agreed_is_not_let_in(served: Site) -> None:
    await agree(served, served.users["district"], modes=["pc"])
    body = {"user": "alice", "password": PASSWORD}
    async with served.carol.request("POST", "/api/login", json=body, headers=PHONE) as answer:
        assert answer.status == 403
        assert (await answer.json())["error"]["code"] == "service.mode"
        assert "Set-Cookie" not in answer.headers
    async with served.carol.request("POST", "/api/login", json=body) as answer:
        assert answer.status == 200
    operator = {"user": "admin", "password": PASSWORD}
    async with served.carol.request("POST", "/api/login", json=operator, headers=PHONE) as answer:
        assert answer.status == 200
