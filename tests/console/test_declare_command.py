"""``declare``: what a device tells of itself becomes a draft, and no file is lost."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from assessment.declaration import read_declaration
from assessment.declared_observed import Observed
from console.declare_command import Told, declare, draft
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState, Identity

MODEL = 'SIM "2M"/门'
PORTS = {"http": 0, "https": 0, "rtsp": 554, "rtsps": 322}


@pytest.fixture
async def camera(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setenv("TANTOU_PASSWORD", "Tantou-2026-sim")
    state = CameraState(
        "127.0.0.1", "1", identity=Identity(model=MODEL, interface="wifi"), ports=dict(PORTS)
    )
    server = OnvifServer(state)
    await server.start()
    try:
        yield f"onvif://admin@127.0.0.1:{state.ports['http']}"
    finally:
        await server.stop()


async def drafted(folder: Path, *cameras: str, lang: str = "en") -> tuple[int, str]:
    said = io.StringIO()
    console = Console(file=said, width=500)
    code = await asyncio.to_thread(declare, cameras, None, folder, lang, console)
    return code, said.getvalue()


async def test_a_draft_holds_what_the_device_tells_and_is_never_overwritten(
    camera: str, tmp_path: Path
) -> None:
    code, said = await drafted(tmp_path, camera)
    assert code == 0, said
    (path,) = tmp_path.iterdir()
    assert path.name == "SIM-2M-门.yaml"
    declared = read_declaration(path)
    assert declared.models == (MODEL,)
    assert declared.values["video.h264"] is True
    assert declared.values["events.motion"] is True
    assert declared.values["interfaces.wifi"] is True
    assert "supply.poe" not in declared.values  # no device tells that
    content = path.read_text(encoding="utf-8")
    assert "  # poe:  # PoE supply (4.3.1-m1): not observed" in content
    path.write_text("models: [mine]\n", encoding="utf-8")
    code, said = await drafted(tmp_path, camera)
    assert code == 4
    assert "was not overwritten" in said
    assert path.read_text(encoding="utf-8") == "models: [mine]\n"


async def test_a_silent_camera_is_named(tmp_path: Path) -> None:
    code, said = await drafted(tmp_path / "new", "onvif://admin@127.0.0.1:9", lang="zh")
    assert code == 2
    assert "没有说明自己的型号" in said
    assert not (tmp_path / "new").exists()


async def test_without_a_camera_there_is_nothing_to_ask(tmp_path: Path) -> None:
    code, said = await drafted(tmp_path)
    assert code == 4
    assert "--camera" in said


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_two_devices_of_a_model_tell_differently_is_left_open(
    lang: str, tmp_path: Path
) -> None:
    both = {"form": Observed("dome", "told"), "alarm.inputs": Observed(2, "told")}
    one = Told("A", "M", "1", {**both, "video.h265": Observed(True, "told")})
    other = Told("A", "M", "2", {**both, "video.h265": Observed(False, "told")})
    path = tmp_path / "a.yaml"
    path.write_text(draft([one, other], lang), encoding="utf-8")
    declared = read_declaration(path)
    assert declared.values == {"form": "dome", "alarm.inputs": 2}
    assert declared.firmware == ""
