"""Evidence without YAML: files are asked about, odd photographs are told, sheets are printed."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import docx
import numpy as np
import pytest
from PIL import Image

from assessment.evidence import load_evidence
from assessment.photographs import NotAPhotographError, read_photograph
from console.evidence_intake import Intake
from console.evidence_sheets import write_sheets
from standard.catalogue import catalogue
from targets.site import Point

TODAY = datetime.date(2026, 6, 1)
ID = "61010200001320000001"
POINT = Point(ID, "东门", "onvif://a@127.0.0.1", longitude=108.94, latitude=34.26)


def photo(
    seed: int,
    taken: str = "",
    place: tuple[float, float] | None = None,
    quality: int = 90,
    **more: object,
) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    if place:
        longitude, latitude = place
        gps = exif.get_ifd(0x8825)
        gps |= {1: "N", 2: (latitude, 0.0, 0.0), 3: "E", 4: (longitude, 0.0, 0.0)}
    for name, value in more.items():
        exif[{"software": 0x0131, "changed": 0x0132}[name]] = value
    content = io.BytesIO()
    picture.save(content, "JPEG", exif=exif, quality=quality)
    return content.getvalue()


def taken_in(folder: Path, **answers: str) -> tuple[list, list[str], Path | None]:
    told: list[str] = []

    def ask(question: str, offered: str, _words: object) -> str:
        return answers.get(question.replace("-", "_"), offered)

    def tell(name: str, remark: object) -> None:
        told.append(f"{name} {remark.code}")  # type: ignore[attr-defined]

    intake = Intake(folder, catalogue(), {ID: POINT}, ask, tell, TODAY, "王芳")
    written = intake.run()
    return list(load_evidence(folder, catalogue(), TODAY)), told, written


def test_a_photograph_becomes_a_record_and_is_not_asked_about_again(tmp_path: Path) -> None:
    name = f"4.4.1-b strength {ID}.jpg"
    (tmp_path / name).write_bytes(photo(1, "2026:05:20 10:00:00", (108.94, 34.26)))
    (record,), told, written = taken_in(tmp_path, valid_until="2027-01-01")
    assert told == []
    assert (record.requirement, record.item, record.subjects) == ("4.4.1-b", "strength", (ID,))
    assert (record.who, record.when) == ("王芳", datetime.date(2026, 5, 20))
    assert record.file is not None
    assert record.sha256 == record.file.digest
    assert record.valid_until == datetime.date(2027, 1, 1)
    assert written is not None
    assert taken_in(tmp_path)[2] is None


def test_what_is_odd_about_a_photograph_is_told_and_noted(tmp_path: Path) -> None:
    first = photo(1, "2026:05:20 10:00:00", (109.5, 34.26), software="Adobe Photoshop 25")
    (tmp_path / f"4.4.1-b strength {ID}.jpg").write_bytes(first)
    again = photo(1, "2026:05:20 10:00:00", quality=60)
    (tmp_path / f"4.4.1-b no-sharp-edges {ID}.jpg").write_bytes(again)
    records, told, _ = taken_in(tmp_path, when="2026-05-21")
    codes = {line.rsplit(" ", 1)[1] for line in told}
    assert codes == {
        *("evidence.edited", "evidence.same-picture", "evidence.far-away"),
        *("evidence.other-day", "evidence.no-place"),
    }
    assert any("far-away" in one.note for one in records)


def test_a_copy_is_told_and_a_photograph_that_is_none_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "4.4.1-b strength.jpg").write_bytes(photo(1, "2026:05:20 10:00:00"))
    (tmp_path / "4.4.1-b no-sharp-edges.jpg").write_bytes(photo(1, "2026:05:20 10:00:00"))
    (tmp_path / "4.4.4-a storage-photo.jpg").write_bytes(b"not a picture")
    records, told, _ = taken_in(tmp_path)
    assert len(records) == 2
    assert "4.4.1-b strength.jpg evidence.same-file" in told
    assert "4.4.4-a storage-photo.jpg evidence.not-a-photograph" in told
    assert "4.4.4-a storage-photo.jpg evidence.needs-a-photograph" in told


def test_a_reading_and_a_page_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "5.2-a storage-time.pdf").write_bytes(b"%PDF")
    (record,), _, _ = taken_in(tmp_path, reading="30", page="4")
    assert (record.reading, record.page, record.when) == (30.0, "4", TODAY)


@pytest.mark.parametrize("content", [b"", b"GIF89a", photo(1)[:200]], ids=["none", "gif", "cut"])
def test_what_cannot_be_decoded_is_no_photograph(content: bytes) -> None:
    with pytest.raises(NotAPhotographError):
        read_photograph(content)


def test_different_pictures_are_not_taken_for_one() -> None:
    assert not read_photograph(photo(1)).like(read_photograph(photo(2)))
    assert read_photograph(photo(1)).taken is None


def test_a_sheet_has_a_page_for_the_site_and_one_a_point(tmp_path: Path) -> None:
    file = tmp_path / "sheets.docx"
    write_sheets(file, "示范小区", [POINT], catalogue(), "zh")
    document = docx.Document(str(file))
    assert len(document.tables) == 2
    assert len(document.inline_shapes) == 1
    assert any(ID in paragraph.text for paragraph in document.paragraphs)
    rows = [row.cells[0].text for table in document.tables for row in table.rows]
    assert {"5.2-a", "4.4.1-b"} <= set(rows)
