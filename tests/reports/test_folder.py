"""Reports are written whole, all of them, or the folder stays as it was."""

import errno
import io
from pathlib import Path
from typing import Any

import pytest

from assessment.store import RunStore
from reports.folder import write_reports
from reports.manifest import changes
from standard.catalogue import catalogue
from tests.reports.synthetic import TODAY, store, written


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith("run.sqlite")
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_in_the_users_language_is_report_html(tmp_path: Path, lang: str) -> None:
    folder = written(tmp_path / "run", lang)
    other = "en" if lang == "zh" else "zh"
    assert (folder / f"report.{other}.html").exists()
    assert not (folder / f"report.{lang}.html").exists()
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in html


def test_reports_can_be_written_again_in_the_other_language(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", "zh")
    with RunStore.open(folder) as again:
        write_reports(again, catalogue(), "en", TODAY)
    assert sorted(path.name for path in folder.glob("*.html")) == ["report.html", "report.zh.html"]
    assert changes(folder) == []


@pytest.mark.parametrize("allowed", [0, 50_000, 150_000])
def test_a_full_disk_leaves_no_half_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    folder = written(tmp_path / "run")
    before = contents(folder)
    left = [allowed]
    original = Path.open

    def filling(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        file = original(path, mode, *args, **kwargs)
        if "w" not in mode or not isinstance(file, io.BufferedWriter):
            return file
        write = file.write

        def limited(content: bytes) -> int:
            left[0] -= len(content)
            if left[0] < 0:
                write(content[:100])
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(content)

        file.write = limited  # type: ignore[method-assign]
        return file

    with store(tmp_path / "other") as full:
        full.folder = folder
        monkeypatch.setattr(Path, "open", filling)
        with pytest.raises(OSError, match="No space left"):
            write_reports(full, catalogue(), "zh", TODAY)
        monkeypatch.undo()
    assert contents(folder) == before
    assert changes(folder) == []
