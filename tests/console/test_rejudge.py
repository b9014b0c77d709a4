import io
import shutil
from dataclasses import replace

import pytest
from rich.console import Console

import steps.service
from assessment.store import RunStore
from console import rejudge_command, report_command, run_command
from console.matrix.picture_quality import filled_profile
from console.preparation import catalogue_of
from console.stored_run import site_of
from reports.manifest import changes
from standard.catalogue import Catalogue
from tests.console.conftest import results_of

pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def run_folder(troubled_run, tmp_path):
    """The run as somebody else has it: copied, without cameras, without simulators."""
    copy = tmp_path / "elsewhere" / "run"
    shutil.copytree(troubled_run.folder, copy)
    return copy


def rejudge(folder):
    said = io.StringIO()
    code = rejudge_command.rejudge_run(folder, "en", Console(file=said, width=500))
    return code, said.getvalue().strip().splitlines()


def with_limit(monkeypatch, requirement, quantity, value):
    """Today's catalogue has another limit."""

    def changed(site):
        found = catalogue_of(site)
        limit = replace(found[requirement].limits[quantity], value=value)
        rows = tuple(
            replace(one, limits={**one.limits, quantity: limit}) if one.id == requirement else one
            for one in found
        )
        return Catalogue(found.chapters, rows, tuple(found.rulings.values()))

    monkeypatch.setattr(run_command, "catalogue_of", changed)


def test_nothing_changed(run_folder):
    assert rejudge(run_folder) == (0, ["Judged again: nothing changed."])
    assert changes(run_folder) == []
    assert len(results_of(run_folder)["run"]["judgements"]) == 2


def test_a_changed_limit_shows_with_its_cause_and_nothing_else_does(run_folder, monkeypatch):
    with_limit(monkeypatch, "4.4.1-a", "password-length", 40.0)
    code, lines = rejudge(run_folder)
    assert code == 1
    assert lines[0].startswith("4.4.1-a ")
    assert lines[0].endswith("camera 1: pass → fail")
    assert lines[1].strip() == "the limit changed from none-found, locked-out to 40"
    assert len(lines) == 3
    found = {one["id"]: one["verdict"] for one in results_of(run_folder)["requirements"]}
    assert (found["4.4.1-a"], found["5.3-a"]) == ("fail", "pass")


def test_a_changed_instrument_is_named_as_the_cause(run_folder, monkeypatch):
    measure = steps.service.measure_ingress_protection

    def mistaken(*arguments, **more):
        measured = measure(*arguments, **more)
        return replace(measured, value="IP54", instrument="ingress-protection/99")

    monkeypatch.setattr(steps.service, "measure_ingress_protection", mistaken)
    code, lines = rejudge(run_folder)
    assert code == 1
    assert lines[0].endswith("pass → fail")
    assert "ingress-protection/99" in lines[1]
    assert len(lines) == 3


def test_what_was_never_recorded_is_no_fault_of_the_harness(run_folder):
    with RunStore.open(run_folder) as store:
        store.note_meta("asked", [*store.meta["asked"], "4.3.1-c3", "4.3.3.5-b"])
    code, lines = rejudge(run_folder)
    assert code == 2
    found = {one["id"]: one for one in results_of(run_folder)["requirements"]}
    assert {found[one]["verdict"] for one in ("4.3.1-c3", "4.3.3.5-b")} == {"inconclusive"}
    assert "stream:day" in found["4.3.1-c3"]["findings"][0]["reason"]["en"]
    assert found["4.3.1-b"]["verdict"] == "pass"
    assert "pass" not in [line.rpartition(" ")[2] for line in lines]


def test_a_changed_recording_is_refused(run_folder):
    blob = next(path for path in (run_folder / "objects").rglob("*") if path.is_file())
    blob.write_bytes(b"something else")
    code, lines = rejudge(run_folder)
    assert code == 4
    assert "cannot be judged" in lines[0]


def test_a_new_seal_does_not_hide_a_change(run_folder):
    (run_folder / "junit.xml").write_text("<forged/>")
    code, lines = rejudge(run_folder)
    assert code == 0
    assert "junit.xml" in lines[0]
    assert [one["what"]["code"] for one in results_of(run_folder)["events"]][-1] == (
        "run.changed-since-sealed"
    )
    assert changes(run_folder) == []


def test_no_run(tmp_path):
    code, lines = rejudge(tmp_path)
    assert code == 4
    assert "holds no run" in lines[0]


def test_reports_are_written_again(run_folder):
    for name in ("report.html", "results.json", "junit.xml"):
        (run_folder / name).unlink()
    said = io.StringIO()
    assert report_command.write_reports(run_folder, "en", Console(file=said, width=500)) == 0
    assert {"report.html", "results.json", "junit.xml"} <= {
        path.name for path in run_folder.iterdir()
    }
    assert changes(run_folder) == []
    assert str(run_folder / "report.html") in said.getvalue()


def test_papers_that_came_later_close_what_was_pending(run_folder, tmp_path):
    with RunStore.open(run_folder) as store:
        store.note_meta("asked", [*store.meta["asked"], "4.4.5-c"])
    assert rejudge(run_folder)[0] == 2
    evidence = tmp_path / "证据"
    evidence.mkdir()
    (evidence / "training.txt").write_text("14")
    record = "requirement: 4.4.5-c, item: training, who: W, when: 2026-01-02, result: conforms"
    records = evidence / "records.yaml"
    records.write_text(f"records: [{{{record}, file: training.txt}}]")
    (evidence / "not named.bin").write_bytes(b"x")
    said = io.StringIO()
    console = Console(file=said, width=500)
    code = rejudge_command.rejudge_run(run_folder, "en", console, evidence)
    assert code == 0
    assert "pending → pass" in said.getvalue()
    assert "it rests on other papers" in said.getvalue()
    kept = sorted(path.name for path in (run_folder / "papers" / "evidence").iterdir())
    assert kept == ["records.yaml", "training.txt"]
    assert changes(run_folder) == []
    assert rejudge(run_folder) == (0, ["Judged again: nothing changed."])
    records.write_text("records: [{requirement: 9}]")
    assert rejudge_command.rejudge_run(run_folder, "en", console, evidence) == 4
    assert rejudge(run_folder) == (0, ["Judged again: nothing changed."])


def test_limits_that_were_filled_in_later_are_kept_and_mistakes_change_nothing(
    run_folder, tmp_path
):
    profile = filled_profile(tmp_path / "bought")
    said = io.StringIO()
    console = Console(file=said, width=500)
    assert rejudge_command.rejudge_run(run_folder, "en", console, None, profile) == 0
    assert "nothing changed" in said.getvalue()
    with RunStore.open(run_folder) as store:
        assert site_of(store.meta["declaration"], run_folder).gb37300_profile == (
            run_folder / "papers" / "gb37300" / profile.name
        )
        assert "run.other-profile" in [event.reason.code for event in store.events()]
    kept = sorted((run_folder / "papers" / "gb37300").iterdir())
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("profile: x\nlimits: 3\n")
    assert rejudge_command.rejudge_run(run_folder, "en", console, None, wrong) == 4
    assert "wrong.yaml:2" in said.getvalue()
    missing = tmp_path / "none.yaml"
    assert rejudge_command.rejudge_run(run_folder, "en", console, None, missing) == 4
    assert "none.yaml" in said.getvalue()
    assert sorted((run_folder / "papers" / "gb37300").iterdir()) == kept
