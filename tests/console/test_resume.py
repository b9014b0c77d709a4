import shutil
from dataclasses import replace

import pytest

from assessment.declaration import read_declarations
from console.bundled_site import BUNDLED_DECLARATION, bundled_points, simulated_site
from console.stored_run import keep_papers, plan_document, plan_of, site_document, site_of
from simulators.site_plan import CameraPlan, Ground
from tests.console.conftest import ONLY, kinds, results_of

pytestmark = pytest.mark.timeout(200)


def test_an_interrupt_ends_cleanly_with_a_hint(troubled_run):
    leg = troubled_run.interrupted
    assert leg.code == 130, leg.output
    assert f"--resume {troubled_run.folder}" in leg.output
    assert "Traceback" not in leg.output


def test_what_was_recorded_is_not_recorded_again(troubled_run):
    interrupted, killed, finished = (
        leg.kept for leg in (troubled_run.interrupted, troubled_run.killed, troubled_run.finished)
    )
    assert 0 < len(interrupted) < len(killed) < len(finished)
    assert killed[: len(interrupted)] == interrupted
    assert finished[: len(killed)] == killed
    assert max(kinds(troubled_run.finished).values()) == 1


def test_a_resumed_run_is_complete(troubled_run):
    leg = troubled_run.finished
    assert leg.code == 0, leg.output
    assert set(kinds(leg)) == {"description", "passwords", "online", "gb28181:registration"}
    results = results_of(troubled_run.folder)
    verdicts = {one["id"]: one["verdict"] for one in results["requirements"] if one["asked"]}
    assert verdicts == dict.fromkeys(ONLY, "pass")
    assert [event["what"]["code"] for event in results["events"]] == ["run.resumed"] * 2


def test_an_interrupt_leaves_no_outcome_of_its_own(troubled_run):
    results = results_of(troubled_run.folder)
    assert [one["problem"] for one in results["recordings"]] == [None] * 4


def test_a_site_and_its_simulator_come_back_from_the_notes(tmp_path):
    ground = Ground(own_addresses=True, standard_ports=True)
    site, plan = simulated_site("site", bundled_points(ground), ground)
    site = replace(site, declarations=read_declarations([BUNDLED_DECLARATION]))
    assert site.power is not None
    assert site_of(site_document(site, tmp_path), tmp_path) == site
    assert plan_of(plan_document(plan)) == plan
    assert "password" not in str(plan_document(plan)["cameras"])


def test_papers_are_kept_and_found_where_the_folder_is_now(tmp_path):
    given, folder, moved = tmp_path / "given", tmp_path / "run", tmp_path / "elsewhere"
    (given / "evidence").mkdir(parents=True)
    (given / "evidence" / "records.yaml").write_text("records: []\n")
    (given / "waivers.yaml").write_text("waivers: []\n")
    ground = Ground(own_addresses=True, standard_ports=True)
    declared, _ = simulated_site("site", bundled_points(ground), ground)
    site = replace(declared, evidence=given / "evidence", waivers=given / "waivers.yaml")
    document = site_document(keep_papers(site, folder), folder)
    folder.rename(moved)
    shutil.rmtree(given)
    found = site_of(document, moved)
    assert (found.evidence / "records.yaml").read_text() == "records: []\n"
    assert found.waivers.is_relative_to(moved)


def test_the_passwords_of_simulated_devices_are_not_kept_either(troubled_run):
    word = CameraPlan("p", "127.0.0.1").password.encode()
    files = [path for path in troubled_run.folder.rglob("*") if path.is_file()]
    assert [path for path in files if word in path.read_bytes()] == []
