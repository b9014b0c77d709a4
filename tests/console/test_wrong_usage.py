"""What a user can get wrong: refused with a clear message before anything runs."""

import io

import pytest
from rich.console import Console

from console.plan_command import print_plan
from console.preparation import RunOptions
from console.run_command import run_acceptance
from protocols.pcap import udp_datagram, write_pcap

POINT = """\
  - id: "61010200001320000001"
    name: east gate
    uri: onvif://admin@127.19.200.1
"""
SITE = f"name: site\ncameras:\n{POINT}"


def refused(tmp_path, **options):
    """What is said of a run that must not begin; nothing may be written for it."""
    said = io.StringIO()
    out = options.setdefault("out", tmp_path / "runs")
    code = run_acceptance(RunOptions(**options), "en", Console(file=said, width=500))
    assert code == 4, said.getvalue()
    assert not list(out.glob("*/run.sqlite"))
    return said.getvalue()


def site(tmp_path, more="", content=None):
    path = tmp_path / "site.yaml"
    path.write_text(SITE + more if content is None else content, encoding="utf-8")
    return path


def pcap(tmp_path, content):
    path = tmp_path / "capture.pcap"
    path.write_bytes(content)
    return "wire:\n  files: [capture.pcap]\n"


FRAME = udp_datagram(("10.0.0.1", 5000), ("10.0.0.2", 5000), b"hello")
CAPTURE = write_pcap([(1_000_000_000, FRAME)])
WRONG_SITES = {
    "empty file": ("", "empty"),
    "no mapping": ("- one\n- two\n", "site.yaml:1"),
    "not YAML": ("cameras: [", "site.yaml:"),
    "unknown field": (SITE + "colour: red\n", "site.yaml:6"),
    "no camera": ("name: site\n", "site.yaml:1"),
    "bad id": (SITE.replace('"61010200001320000001"', "7"), "site.yaml:3"),
    "password in address": (SITE.replace("admin@", "admin:secret@"), "site.yaml:5"),
    "unknown ruling": (SITE + "rulings: {R-999: any}\n", "R-999"),
    "unknown reading": (SITE + "rulings: {R-011: guessed}\n", "full-watch, predicted"),
    "exclusion of nothing": (
        SITE + "not_applicable: [{requirement: 9.9.9-z, reason: none}]\n",
        "9.9.9-z",
    ),
    "no evidence folder": (SITE + "evidence: nowhere\n", "nowhere"),
    "no waivers": (SITE + "waivers: nowhere.yaml\n", "nowhere.yaml"),
    "no inventory": (SITE + "inventory: nowhere.csv\n", "nowhere.csv"),
    "no authority": (SITE + "certificate_authority: nowhere.pem\n", "nowhere.pem"),
    "no capture": (SITE + "wire: {files: [nowhere.pcap]}\n", "nowhere.pcap"),
}


@pytest.mark.parametrize("name", WRONG_SITES)
def test_a_site_file_with_a_mistake(tmp_path, name):
    content, said = WRONG_SITES[name]
    path = site(tmp_path, content=content)
    planned = io.StringIO()
    assert print_plan((), path, (), "en", Console(file=planned, width=500)) == 4
    for found in (refused(tmp_path, site=path), planned.getvalue()):
        assert said in found
        assert "secret" not in found


def test_a_site_file_that_is_not_there(tmp_path):
    assert "site.yaml" in refused(tmp_path, site=tmp_path / "site.yaml")


def test_a_site_file_that_is_a_folder(tmp_path):
    assert tmp_path.name in refused(tmp_path, site=tmp_path)


def test_a_site_file_in_another_encoding(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_bytes("name: 东门".encode("gb18030"))
    assert "site.yaml" in refused(tmp_path, site=path)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a capture at all, only text", CAPTURE[:24], CAPTURE[:-3]],
    ids=["empty", "text", "no frame", "cut off"],
)
def test_a_capture_file_that_cannot_be_used(tmp_path, content):
    more = pcap(tmp_path, content)
    assert "capture.pcap" in refused(tmp_path, site=site(tmp_path, more))


def test_an_evidence_folder_with_a_broken_record(tmp_path):
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "one.yaml").write_text("records: [{requirement: 9.9.9-z}]\n")
    assert "one.yaml" in refused(tmp_path, site=site(tmp_path, "evidence: evidence\n"))


def test_evidence_that_is_a_file(tmp_path):
    (tmp_path / "evidence").write_text("records: []\n")
    assert "evidence" in refused(tmp_path, site=site(tmp_path, "evidence: evidence\n"))


def test_broken_waivers(tmp_path):
    (tmp_path / "waivers.yaml").write_text("waivers: [{requirement: 4.3.1-b}]\n")
    assert "waivers.yaml" in refused(tmp_path, site=site(tmp_path, "waivers: waivers.yaml\n"))


def test_an_authority_that_is_none(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    assert "ca.pem" in refused(tmp_path, site=site(tmp_path, "certificate_authority: ca.pem\n"))


@pytest.mark.parametrize("selector", ["9.9.9", "", "4.3.1-zz", "4.3.1-c2x"], ids=repr)
def test_only_that_matches_nothing(tmp_path, selector):
    assert "matches no requirement" in refused(tmp_path, only=(selector,))


@pytest.mark.parametrize(
    "address",
    ["127.19.200.1", "http://127.19.200.1", "onvif://", "onvif://a:b@127.19.200.1", "onvif://x y"],
)
def test_a_camera_address_that_is_none(tmp_path, address):
    found = refused(tmp_path, cameras=(address,))
    assert "a:b" not in found


def test_camera_and_site_together(tmp_path):
    refused(tmp_path, cameras=("onvif://127.19.200.1",), site=site(tmp_path))


def test_an_out_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "runs"
    assert "cannot be written" in refused(tmp_path, site=site(tmp_path), out=out)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"SQLite format 3\0 and then nothing"],
    ids=["missing", "empty", "damaged"],
)
def test_resuming_what_is_no_run(tmp_path, content):
    folder = tmp_path / "run"
    folder.mkdir()
    if content is not None:
        (folder / "run.sqlite").write_bytes(content)
    assert str(folder) in refused(tmp_path, resume=folder)


def test_resuming_takes_no_other_site(tmp_path):
    assert "--resume" in refused(tmp_path, resume=tmp_path, only=("4.3.1-b",))


def test_declarations_that_contradict_each_other_are_refused(tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("models: [A]\n", encoding="utf-8")
    second.write_text("models: [A]\nvideo: {h624: yes}\n", encoding="utf-8")
    given = {"cameras": ("onvif://admin@127.19.200.1",), "declarations": (first, second)}
    said = refused(tmp_path, **given)
    assert "second.yaml:2: unknown field 'h624'; expected: h264" in said
    second.write_text("models: [A]\n", encoding="utf-8")
    assert "second.yaml:1: A is already declared by first.yaml" in refused(tmp_path, **given)
