"""The seal: any change of a report folder is found, reading it is none."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
from rich.console import Console

from assessment.store import RunStore
from console.verify_command import verify_folder
from reports.manifest import Change, ManifestError, changes, manifest_digest, write_manifest
from tests.reports.synthetic import written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "run")


def test_a_sealed_folder_is_intact(folder: Path) -> None:
    assert changes(folder) == []
    sealed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert {"report.html", "report.en.html", "results.json", "junit.xml", "run.sqlite"} <= set(
        sealed
    )
    assert any(name.startswith("objects/") for name in sealed)


def test_changed_missing_and_added_files_are_found(folder: Path) -> None:
    (folder / "report.html").write_text("all passed", encoding="utf-8")
    (folder / "junit.xml").unlink()
    (folder / "objects" / "报告 2.txt").write_text("x", encoding="utf-8")
    assert changes(folder) == [
        Change("junit.xml", "missing"),
        Change("objects/报告 2.txt", "added"),
        Change("report.html", "changed"),
    ]


def test_one_bit_of_evidence_is_found(folder: Path) -> None:
    stored = next(path for path in (folder / "objects").rglob("*") if path.is_file())
    content = bytearray(stored.read_bytes())
    content[0] ^= 1
    stored.write_bytes(content)
    assert [change.what for change in changes(folder)] == ["changed"]


def test_a_run_that_is_opened_for_reading_stays_verifiable(folder: Path) -> None:
    with RunStore.open(folder) as store:
        assert list(store.recordings())
        assert (folder / "run.sqlite-wal").exists()
        assert changes(folder) == []
    assert changes(folder) == []


def test_a_write_ahead_log_with_content_is_a_change(folder: Path) -> None:
    """SQLite would read a verdict from it that the sealed file does not hold."""
    connection = sqlite3.connect(folder / "run.sqlite")
    connection.execute("UPDATE meta SET value = '{\"value\": \"other\"}' WHERE key = 'site'")
    connection.commit()
    assert Change("run.sqlite-wal", "added") in changes(folder)
    connection.close()
    assert Change("run.sqlite", "changed") in changes(folder)


@pytest.mark.parametrize("name", ["manifest.json", "run.sqlite-shm", "run.sqlite-wal"])
def test_only_the_run_folder_itself_may_hold_unsealed_files(folder: Path, name: str) -> None:
    (folder / "objects" / name).write_text("hidden", encoding="utf-8")
    assert changes(folder) == [Change(f"objects/{name}", "added")]


def test_links_are_never_followed(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.html"
    copy.write_bytes((folder / "report.html").read_bytes())
    (folder / "report.html").unlink()
    (folder / "report.html").symlink_to(copy)
    (folder / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    (folder / "nowhere").symlink_to(tmp_path / "missing")
    assert changes(folder) == [
        Change("elsewhere", "added"),
        Change("nowhere", "added"),
        Change("report.html", "changed"),
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_odd_file_names_are_sealed_too(folder: Path) -> None:
    odd = os.fsdecode(b"line\nbreak \xff <b>")
    (folder / odd).write_text("x", encoding="utf-8")
    write_manifest(folder)
    assert changes(folder) == []
    (folder / odd).unlink()
    assert changes(folder) == [Change(odd, "missing")]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": "x", "files": {}}', '{"files": 3}']
)
def test_a_folder_without_a_sound_manifest_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(ManifestError):
        changes(tmp_path)


def test_the_digest_of_the_manifest_stands_for_the_folder(folder: Path) -> None:
    before = manifest_digest(folder)
    (folder / "added.txt").write_text("x", encoding="utf-8")
    write_manifest(folder)
    assert manifest_digest(folder) != before


def test_verify_says_what_differs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(soft_wrap=True)
    assert verify_folder(folder, "en", console) == 0
    (folder / "junit.xml").unlink()
    assert verify_folder(folder, "en", console) == 1
    assert "junit.xml" in capsys.readouterr().out
    assert verify_folder(folder / "objects", "en", console) == 4
