"""One platform a data folder: a second one would damage what the first keeps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from reference_platform.errors import StartFailure


class FolderLock:
    """Held as long as the process lives, or until ``release``; left behind by no crash."""

    def __init__(self, folder: Path) -> None:
        """Take it.

        Raises:
            StartFailure: ``data.in-use`` when another platform has it.
        """
        self._file: IO[bytes] = (folder / "in-use.lock").open("ab")
        try:
            _lock(self._file)
        except OSError:
            self._file.close()
            raise StartFailure("data.in-use", folder=str(folder)) from None

    def release(self) -> None:
        """Let another platform have the folder."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
