from __future__ import annotations

from typing import Any

import aiohttp

from simulators.site import SimulatedSite
from simulators.site_plan import CameraPlan, SitePlan
from tests.simulators.gb28181.bench import DEVICE, PASSWORD, SERVER, Registrar


async def test_a_site_registers_and_is_led_by_hand() -> None:
    registrar = Registrar("127.64.96.1")
    await registrar.endpoint.start()
    plan = SitePlan(
        cameras=(
            CameraPlan(
                "p1",
                "127.64.96.2",
                scenes=(),
                ports={"http": 18_080, "https": 18_443, "rtsp": 18_554, "rtsps": 18_322},
                gb28181={
                    "server_address": registrar.endpoint.address,
                    "server_port": registrar.endpoint.port,
                    "server_id": SERVER,
                    "device_id": DEVICE,
                    "password": PASSWORD,
                    "keepalive_s": 0.3,
                },
            ),
        ),
        control=("127.64.96.1", 18_900),
    )
    plan = SitePlan.from_json(plan.to_json())
    site = SimulatedSite(plan)
    await site.start()

    async def put(what: str, body: dict[str, Any]) -> int:
        url = f"http://127.64.96.1:18900/cameras/p1/{what}"
        async with aiohttp.ClientSession() as session, session.put(url, json=body) as answer:
            return answer.status

    try:
        await registrar.until(lambda: registrar.of("Keepalive"))
        assert await put("alarm-input", {"state": "on"}) == 200
        await registrar.until(lambda: registrar.of("Alarm"))
        assert await put("registration", {"state": "off"}) == 200
        await registrar.until(
            lambda: [one for one in registrar.requests if one.request.headers.get("Expires") == "0"]
        )
        count = len(registrar.correct)
        assert await put("registration", {"state": "on"}) == 200
        await registrar.until(lambda: len(registrar.correct) > count)
        assert await put("behaviours", {"on": ["wrong-digest"]}) == 200
        await registrar.until(lambda: registrar.correct[-1] is False)
        assert await put("registration", {"state": "maybe"}) == 400
    finally:
        await site.stop()
        await registrar.endpoint.stop()
