"""A PostgreSQL server for tests: Debian's, in a folder of its own, on a socket in that folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BINARIES = Path("/usr/lib/postgresql")
_SERVER_USER = "postgres"
_USER = "tantou"


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database; gone at the end."""
    found = sorted(_BINARIES.glob("*/bin/initdb"))
    assert found, "PostgreSQL is missing: install the Debian package postgresql"
    folder = Path(tempfile.mkdtemp(prefix="tantou-postgresql-"))
    data = folder / "data"
    # The server refuses to run as root.
    other = ["runuser", "-u", _SERVER_USER, "--"] if os.geteuid() == 0 else []
    if other:
        shutil.chown(folder, _SERVER_USER, _SERVER_USER)
    binaries = found[-1].parent
    make = ["initdb", "--no-sync", "-A", "trust", "-U", _USER, "-E", "UTF8", "--locale=C", "-D"]
    server: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(
            [*other, binaries / make[0], *make[1:], data],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        options = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off"}
        settings = [each for name, value in options.items() for each in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*other, binaries / "postgres", "-D", data, *settings],
                cwd=folder,
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        _wait(binaries / "pg_isready", folder)
        yield f"postgresql://{_USER}@/postgres?host={folder}"
    finally:
        if server is not None:
            os.killpg(server.pid, signal.SIGINT)
            server.wait(20)
        shutil.rmtree(folder)


def _wait(ready: Path, folder: Path) -> None:
    until = time.monotonic() + 30
    asking: list[str | Path] = [ready, "-q", "-h", folder, "-d", "postgres", "-U", _USER]
    while subprocess.run(asking, check=False).returncode != 0:
        assert time.monotonic() < until, (folder / "log").read_text(errors="replace")
        time.sleep(0.05)
