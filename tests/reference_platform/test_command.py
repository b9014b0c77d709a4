"""``accept.py platform`` as its operator meets it: a process, its words, its end."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from console.platform_command import run_platform
from reference_platform.settings import PlatformSettings
from tests.reference_platform.platforms import PASSWORD, settings_for

ROOT = Path(__file__).parents[2]
ADDRESS = "127.42.0.1"
URL = f"https://{ADDRESS}:8443"


def command(data: Path, *options: str, lang: str = "en") -> list[str]:
    base = [sys.executable, "-m", "console", "platform", "--data", str(data), "--lang", lang]
    return [*base, "--address", ADDRESS, "--http-port", "0", *options]


@contextmanager
def running(data: Path, lang: str = "en") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and what it said until it was ready."""
    process = subprocess.Popen(
        command(data, lang=lang),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    said = ""
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        assert "Ctrl-C" in said, said
        yield process, said
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


async def call(data: Path, method: str, path: str, body: object = None, token: str = "") -> object:
    context = ssl.create_default_context(cafile=data / "tls" / "authority.pem")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, URL + path, json=body, ssl=context) as answer,
    ):
        text = await answer.text()
        assert answer.status < 300, text
        return await answer.json() if text else None


async def log_in(data: Path, password: str) -> str:
    answer = await call(data, "POST", "/api/login", {"user": "admin", "password": password})
    assert isinstance(answer, dict)
    return str(answer["token"])


async def test_an_operators_first_days(tmp_path: Path) -> None:
    data = tmp_path / "platform-data"
    with running(data) as (process, said):
        assert URL in said
        found = re.search(r"one-time password (\S+)", said)
        assert found, said
        token = await log_in(data, found[1])
        change = {"old": found[1], "new": PASSWORD}
        await call(data, "POST", "/api/me/password", change, token)
        code, words = await asyncio.to_thread(refused, settings_for(tmp_path, ADDRESS, data=data))
        assert code == 3
        assert "Another platform uses the data folder" in words
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0

    with running(data, lang="zh") as (process, said):
        assert "一次性密码" not in said
        assert "平台已启动" in said
        token = await log_in(data, PASSWORD)
        await call(data, "POST", "/api/organisations", {"name": "Area"}, token)
        process.kill()

    with running(data) as (process, said):
        names = await call(data, "GET", "/api/organisations", None, token)
        assert isinstance(names, list)
        assert "Area" in [each["name"] for each in names]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def refused(settings: PlatformSettings, lang: str = "en") -> tuple[int, str]:
    """Exit code and words of a start that fails, without a process."""
    said = io.StringIO()
    code = run_platform(settings, lang, Console(file=said, soft_wrap=True))
    return code, said.getvalue()


def test_a_broken_database_is_told_in_the_operators_language(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, ADDRESS)
    settings.data.mkdir()
    database = settings.data / "platform.db"
    database.write_bytes(b"broken" * 1000)
    for lang, words in (("en", "The database is broken"), ("zh", "数据库已损坏")):
        code, said = refused(settings, lang)
        assert code == 3
        assert words in said
        assert str(database) in said
    assert database.read_bytes() == b"broken" * 1000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"server_id": "123"}, "20 digits"),
        ({"address": "nowhere"}, "IPv4 address"),
        ({"address": "192.0.2.1"}, "cannot be used"),
        ({"database_url": "mysql://x/y"}, "sqlite:///"),
        ({"data": Path("/proc/platform-data")}, "cannot be used"),
        ({"certificate": Path("/nowhere.pem")}, "given together"),
    ],
)
def test_settings_that_make_no_sense_are_told(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    settings = replace(settings_for(tmp_path, ADDRESS), **change)
    code, said = refused(settings)
    assert code == 3
    assert words in said
