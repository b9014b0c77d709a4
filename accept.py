#!/usr/bin/env python3
"""Launcher of Tantou: builds its own virtual environment once, then hands over to ``console``.

Needs nothing but Python 3.11 or newer and works on Linux, macOS and Windows. Only the standard
library and ``messages`` (which needs nothing else) may be imported here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
LOCK_FILE = ROOT / "requirements" / "requirements.lock"
READY = ENVIRONMENT / "tantou-ready"
OLDEST = (3, 11)
TOOL_FAULT = 3
_STALE_AFTER_SECONDS = 1800


def main(arguments: list[str]) -> int:
    """Set up if needed and run the command; the exit code is the command's own."""
    sys.path.insert(0, str(ROOT))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may default to a legacy code page
            stream.reconfigure(encoding="utf-8", errors="replace")
    from messages import default_language, text

    lang = _language_argument(arguments) or default_language()
    if sys.version_info < OLDEST:
        print(text("launcher.python-too-old", lang, found=sys.version.split()[0]), file=sys.stderr)
        return TOOL_FAULT
    try:
        _prepare(lang)
    except SetUpError as error:
        print(str(error), file=sys.stderr)
        return TOOL_FAULT
    return _hand_over(arguments)


class SetUpError(Exception):
    """The environment could not be made; the text tells the user why and what to do."""


def _language_argument(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1] if arguments[index + 1] in ("zh", "en") else None
        if argument in ("--lang=zh", "--lang=en"):
            return argument[-2:]
    return None


def _prepare(lang: str) -> None:
    from messages import text

    wanted = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()
    if _is_ready(wanted):
        return
    with _only_one_builds(lang):
        if _is_ready(wanted):
            return
        print(text("launcher.setting-up", lang), flush=True)
        started = time.monotonic()
        try:
            venv.EnvBuilder(with_pip=True, clear=ENVIRONMENT.exists()).create(ENVIRONMENT)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SetUpError(text("launcher.no-venv", lang, detail=str(error))) from error
        finished = subprocess.run(
            [
                str(_interpreter()),
                *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--require-hashes", "-r", str(LOCK_FILE)),
            ],
            check=False,
        )
        if finished.returncode != 0:
            raise SetUpError(text("launcher.install-failed", lang))
        READY.write_text(wanted, encoding="ascii")
        elapsed = round(time.monotonic() - started)
        print(text("launcher.ready", lang, seconds=elapsed), flush=True)


def _is_ready(wanted: str) -> bool:
    try:
        return READY.read_text(encoding="ascii") == wanted and _interpreter().exists()
    except OSError:
        return False


@contextlib.contextmanager
def _only_one_builds(lang: str) -> Iterator[None]:
    """Two launches at once must not build into one folder; a dead builder's lock goes stale."""
    from messages import text

    lock = ROOT / ".venv.building"
    announced = False
    while True:
        try:
            lock.mkdir()
            break
        except FileExistsError:
            with contextlib.suppress(OSError):
                if time.time() - lock.stat().st_mtime > _STALE_AFTER_SECONDS:
                    lock.rmdir()
                    continue
            if not announced:
                print(text("launcher.waiting", lang, lock=lock.name), flush=True)
                announced = True
            time.sleep(1)  # nothing to await: the other builder is another process
        except OSError as error:
            raise SetUpError(text("launcher.no-venv", lang, detail=str(error))) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.rmdir()


def _interpreter() -> Path:
    if os.name == "nt":
        return ENVIRONMENT / "Scripts" / "python.exe"
    return ENVIRONMENT / "bin" / "python"


def _hand_over(arguments: list[str]) -> int:
    environment = dict(os.environ)
    inherited = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *([inherited] if inherited else [])])
    environment["PYTHONUTF8"] = "1"
    # Small matrices: the threads of a linear algebra library only spin beside each other.
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    environment.setdefault("OMP_NUM_THREADS", "1")
    command = [str(_interpreter()), "-m", "console", *arguments]
    if os.name != "nt":
        os.execve(command[0], command, environment)
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
