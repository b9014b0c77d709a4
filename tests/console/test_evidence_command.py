"""Evidence without YAML: files are asked about, odd photographs are told, sheets are printed."""

from __future__ import annotations

import contextlib
import datetime
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import docx
import numpy as np
import pytest
import qrcode
from PIL import Image

from assessment.evidence import MAXIMUM_FILE_BYTES, load_evidence
from assessment.photographs import NotAPhotographError, read_photograph
from console.evidence_intake import Intake
from console.evidence_missing import missing
from console.evidence_sheets import write_sheets
from console.route import Stop
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError
from targets.site import Point

NOW = datetime.datetime(2026, 6, 1, 12)
TODAY = NOW.date()
ID, OTHER = "61010200001320000001", "61010200001320000002"
POINT = Point(
    *(ID, "东门", "onvif://a@127.0.0.1"),
    longitude=108.94,
    latitude=34.26,
    scene="mixed-lane",
    declared={"model": "SIM-2M", "firmware": "V5.7.3"},
)
HERE = (108.94, 34.26)
POINTS = {
    ID: POINT,
    OTHER: replace(POINT, id=OTHER, name="西门", longitude=108.95, scene="other"),
}


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
    if satellite := more.pop("satellite", None):
        day, hour = str(satellite).split()
        exif.get_ifd(0x8825).update({29: day, 7: (float(hour), 0.0, 0.0)})
    if zone := more.pop("zone", None):
        exif.get_ifd(0x8769)[0x9011] = zone
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

    intake = Intake(folder, catalogue(), POINTS, ask, tell, NOW, "王芳")
    written = intake.run()
    return list(load_evidence(folder, catalogue(), TODAY)), told, written


def test_a_photograph_becomes_a_record_and_is_not_asked_about_again(tmp_path: Path) -> None:
    name = f"4.4.1-b strength {ID}.jpg"
    (tmp_path / name).write_bytes(photo(1, "2026:05:20 10:00:00", (108.94, 34.26)))
    (record,), told, written = taken_in(tmp_path, valid_until="2027-01-01")
    assert told == []
    assert (record.requirement, record.item, record.subjects) == ("4.4.1-b", "strength", (ID,))
    assert (record.who, record.when) == ("王芳", datetime.date(2026, 5, 20))
    assert record.where == "108.940000, 34.260000"
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
    records, told, _ = taken_in(tmp_path, points=ID)
    assert len(records) == 2
    assert "4.4.1-b strength.jpg evidence.same-file" in told
    assert "4.4.4-a storage-photo.jpg evidence.not-a-photograph" in told
    assert "4.4.4-a storage-photo.jpg evidence.needs-a-photograph" in told


def test_a_reading_and_a_page_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "5.2-a storage-time.pdf").write_bytes(b"%PDF")
    (record,), _, _ = taken_in(tmp_path, reading="30", page="4")
    assert (record.reading, record.page, record.when) == (30.0, "4", TODAY)


def test_the_grades_of_inspectors_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / f"4.3.1-c5 subjective-score {ID}.pdf").write_bytes(b"%PDF")
    (record,), _, _ = taken_in(tmp_path, scores="王芳 5，李强:4, A 4,B 5, C D 3.5")
    assert dict(record.scores) == {"王芳": 5, "李强": 4, "A": 4, "B": 5, "C D": 3.5}


def test_the_numbers_of_a_contract_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "5.2-a quality.pdf").write_bytes(b"%PDF")
    answers = {"term_online_rate": "95", "term_frame_rate": "30"}
    (record,), _, _ = taken_in(tmp_path, page="4", **answers)
    assert record.terms == (("online-rate", 95.0), ("frame-rate", 30.0))


@pytest.mark.parametrize("content", [b"", b"GIF89a", photo(1)[:200]], ids=["none", "gif", "cut"])
def test_what_cannot_be_decoded_is_no_photograph(content: bytes) -> None:
    with pytest.raises(NotAPhotographError):
        read_photograph(content)


def test_different_pictures_are_not_taken_for_one() -> None:
    assert not read_photograph(photo(1)).like(read_photograph(photo(2)))
    assert read_photograph(photo(1)).taken is None


@pytest.mark.parametrize(
    ("answers", "subjects"),
    [
        ({}, (OTHER,)),  # where the photograph was taken by its own word
        ({"points": f"{ID}， {OTHER}"}, (ID, OTHER)),
        ({"points": ID}, (ID,)),
    ],
)
def test_a_photograph_is_of_the_point_where_it_was_taken(tmp_path, answers, subjects) -> None:
    taken = photo(1, "2026:05:20 10:00:00", (108.95, 34.26))
    (tmp_path / "4.3.1-n1.jpg").write_bytes(taken)
    (record,), told, _ = taken_in(tmp_path, **answers)
    assert record.subjects == subjects
    assert [line for line in told if "far-away" in line] == (
        [] if subjects == (OTHER,) else ["4.3.1-n1.jpg evidence.far-away"]
    )


def sheet_photo(identifier: str, taken: str) -> bytes:
    """A photograph of a printed checklist, held somewhat askew."""
    code = qrcode.make(identifier).get_image().convert("L").resize((260, 260))
    page = Image.new("L", (1200, 900), 180)
    page.paste(code, (500, 300))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken
    content = io.BytesIO()
    page.rotate(7, fillcolor=120).save(content, "JPEG", exif=exif)
    return content.getvalue()


def test_photographs_after_that_of_a_checklist_are_of_its_point(tmp_path: Path) -> None:
    for name, content in {
        "1 sheet.jpg": sheet_photo(OTHER, "2026:05:20 10:00:00"),
        "2 4.3.1-n1.jpg": photo(1, "2026:05:20 10:05:00", HERE),
        "3 4.3.1-n1.jpg": photo(2, "2026:05:20 11:05:00", HERE),  # too late to belong to it
    }.items():
        (tmp_path / name).write_bytes(content)
    records, _, _ = taken_in(tmp_path)
    assert [one.subjects for one in records] == [(OTHER,), (ID,)]
    assert taken_in(tmp_path)[2] is None


def test_an_unknown_point_is_asked_again_until_nobody_answers(tmp_path: Path) -> None:
    (tmp_path / f"4.3.1-n1 {ID}.jpg").write_bytes(photo(1))
    (tmp_path / "4.3.1-n1 later.jpg").write_bytes(photo(2))
    records, told, written = taken_in(tmp_path, points="61010200001320000009")
    assert [one.subjects for one in records] == [(ID,)]  # what was answered is kept
    assert written is not None
    assert "4.3.1-n1 later.jpg evidence.unknown-point" in told


@pytest.mark.parametrize("answer", ["valid_until", "term_online_rate"])
def test_an_answer_that_never_makes_sense_ends_the_questions(tmp_path: Path, answer: str) -> None:
    (tmp_path / "5.2-a quality.pdf").write_bytes(b"%PDF")
    records, _, written = taken_in(tmp_path, page="4", **{answer: "y"})
    assert (records, written) == ([], None)


def test_a_certificate_is_of_a_model_and_its_firmware(tmp_path: Path) -> None:
    (tmp_path / "4.3.1-f1 wdr-report.pdf").write_bytes(b"%PDF")
    (tmp_path / "4.3.1-m2 ac-declared.pdf").write_bytes(b"%PDF sheet")
    records, _, _ = taken_in(tmp_path, firmware="V5.7", valid_until="2030-01-01")
    assert [(one.subjects, one.model, one.firmware) for one in records] == [
        ((), "SIM-2M", "V5.7"),
        ((), "SIM-2M", ""),
    ]


def test_what_a_certificate_says_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "4.3.1-b.pdf").write_bytes(b"%PDF")
    answers = {"printed_code": "IP66", "printed_laboratory_mark": "CNAS"}
    (record,), _, _ = taken_in(tmp_path, **answers)
    assert (record.model, dict(record.printed)) == (
        "SIM-2M",
        {"code": "IP66", "laboratory_mark": "CNAS"},
    )
    assert "certificate" not in [
        one.item.item for one in missing(catalogue(), [record], TODAY, [POINT])
    ]


def test_clocks_that_disagree_are_told(tmp_path: Path) -> None:
    for name, content in {
        "ahead": photo(1, "2026:06:01 12:30:00", HERE),
        "apart": photo(2, "2026:05:20 10:00:00", HERE, satellite="2026:05:20 3"),
        "zone": photo(3, "2026:05:20 02:00:00", HERE, zone="+00:00", satellite="2026:05:20 2"),
    }.items():
        (tmp_path / f"4.3.1-n1 {ID} {name}.jpg").write_bytes(content)
    records, told, _ = taken_in(tmp_path)
    assert told == [
        f"4.3.1-n1 {ID} ahead.jpg evidence.clock-ahead",
        f"4.3.1-n1 {ID} apart.jpg evidence.clocks-disagree",
    ]
    notes = [one.note for one in records]
    assert notes[2] == ""
    assert read_photograph(photo(3, "2026:05:20 02:00:00", zone="+00:00")).taken == (
        datetime.datetime(2026, 5, 20, 10)
    )


def test_a_folder_of_any_names_is_taken_in(tmp_path: Path) -> None:
    folder = tmp_path / "Prüfung 证据"
    folder.mkdir()
    (folder / f"4.3.1-n1 {ID} Gehäuse.jpg").write_bytes(photo(1, "2026:05:20 10:00:00"))
    (folder / f"4.3.1-n1 {OTHER} Ru\u0308ckseite.jpg").write_bytes(photo(2))  # as macOS writes it
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "空.jpg").write_bytes(b"")
    with (folder / "huge.mp4").open("wb") as huge:
        huge.truncate(MAXIMUM_FILE_BYTES + 1)
    unreadable = os.fsencode(folder) + b"/" + "照片.jpg".encode("gbk")
    with contextlib.suppress(OSError):  # not every file system takes such a name
        Path(os.fsdecode(unreadable)).write_bytes(photo(3))
    records, told, _ = taken_in(tmp_path)
    assert [one.subjects for one in records] == [(ID,), (OTHER,)]
    codes = {line.rsplit(" ", 1)[1] for line in told}
    assert {"evidence.empty", "evidence.too-large"} <= codes
    assert codes <= {"evidence.empty", "evidence.too-large"} | {
        *("evidence.no-time", "evidence.no-place", "evidence.name-unreadable")
    }


def test_a_copy_of_yesterday_s_photograph_is_told(tmp_path: Path) -> None:
    (tmp_path / f"4.3.1-n1 {ID}.jpg").write_bytes(photo(1, "2026:05:20 10:00:00"))
    taken_in(tmp_path)
    (tmp_path / f"4.3.1-n1 {OTHER}.jpg").write_bytes(photo(1, "2026:05:20 10:00:00"))
    records, told, _ = taken_in(tmp_path)
    assert len(records) == 2
    assert f"4.3.1-n1 {OTHER}.jpg evidence.same-file" in told


def test_a_record_that_names_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"4.3.1-n1 {ID}.jpg").write_bytes(photo(1, "2026:05:20 10:00:00"))
    taken_in(tmp_path)
    with (tmp_path / f"4.3.1-n1 {ID}.jpg").open("ab") as grown:
        grown.truncate(MAXIMUM_FILE_BYTES + 1)
    with pytest.raises(FaultyFileError, match="larger than"):
        load_evidence(tmp_path, catalogue(), TODAY)


def test_what_is_missing_is_told_by_item_and_point(tmp_path: Path) -> None:
    (tmp_path / f"4.3.1-n1 {ID}.jpg").write_bytes(photo(1, "2026:05:20 10:00:00"))
    records, _, _ = taken_in(tmp_path)
    found = {one.item.item: one for one in missing(catalogue(), records, TODAY, [*POINTS.values()])}
    assert [point.id for point in found["rj45"].points] == [OTHER]
    assert found["rj45"].reason.code == "checklist.other-subject"
    assert [point.id for point in found["vehicle-captures"].points] == [ID]
    assert found["training"].points == ()


def test_sheets_have_a_page_for_the_site_each_model_and_each_point(tmp_path: Path) -> None:
    file = tmp_path / "sheets.docx"
    write_sheets(file, "示范小区", [Stop(one) for one in POINTS.values()], catalogue(), "zh")
    document = docx.Document(str(file))
    lists = [table for table in document.tables if len(table.columns) == 5]
    rows = [{row.cells[0].text for row in table.rows[1:]} for table in lists]
    assert len(rows) == 4
    assert {"5.2-a", "4.4.5-c"} <= rows[0]
    assert {"4.3.1-f1", "4.3.1-m2"} <= rows[1]
    assert {"4.4.1-b", "4.3.1-n1", "4.3.2-b1"} <= rows[2]
    assert "4.3.2-b1" not in rows[3]  # of the mixed lane only
    assert len(document.inline_shapes) == 2
    assert "≤ 10 Ω" in "".join(cell.text for cell in lists[2].columns[1].cells)
    codes = [part.blob for name, part in _pictures(document).items() if name.endswith(".png")]
    assert sorted(map(qr_text, codes)) == [ID, OTHER]


def _pictures(document: Any) -> dict[str, Any]:
    return {str(one.partname): one for one in document.part.package.iter_parts()}


def qr_text(content: bytes) -> str:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return str(cv2.QRCodeDetector().detectAndDecode(picture)[0])
