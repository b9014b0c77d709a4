"""The run store keeps what it said it kept, whatever happens to the process."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from assessment.reason import Reason
from assessment.recording import CorruptRecordingError, Part
from assessment.store import RunStore, RunStoreError
from assessment.verdicts import Verdict
from messages import catalogue as wordings
from protocols.time_source import VirtualTime
from tests.assessment.samples import finding, measurement, recording

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path):
    with RunStore.create(tmp_path / "run", {"seed": 7, "site": "模拟"}, VirtualTime()) as made:
        yield made


def reopened(store: RunStore) -> RunStore:
    store.close()
    return RunStore.open(store.folder)


def begun(path: Path) -> None:
    """What a kill leaves between the making of the file and its first transaction."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def test_a_foreign_database_is_left_as_it_was(tmp_path: Path) -> None:
    foreign(tmp_path / "run.sqlite")
    content = (tmp_path / "run.sqlite").read_bytes()
    with pytest.raises(RunStoreError):
        RunStore.open(tmp_path)
    assert (tmp_path / "run.sqlite").read_bytes() == content


def test_recording_comes_back_as_it_was(store: RunStore) -> None:
    original = recording(problem=Reason("visit.timeout", {"seconds": 5}))
    saved = store.save(original)
    assert saved.digest == original.digest
    assert isinstance(saved.parts["transcript.xml"].source, Path)
    with reopened(store) as again:
        found = again.find("clock", "p1")
        assert found is not None
        assert found.digest == original.digest
        assert found.problem == original.problem
        assert found.read("transcript.xml") == original.read("transcript.xml")
        assert again.find("clock", "p2") is None
        assert again.find("online", "p1") is None


def test_the_latest_recording_is_found_and_all_are_listed(store: RunStore) -> None:
    for number in range(3):
        store.save(recording(number=number))
    store.save(recording(kind="online", subject="p2"))
    latest = store.find("clock", "p1")
    assert latest is not None
    assert latest.facts["number"] == 2
    assert [one.facts["number"] for one in store.recordings("clock")] == [0, 1, 2]
    assert [one.kind for one in store.recordings(subject="p2")] == ["online"]
    assert len(list(store.recordings())) == 4


def test_saving_twice_changes_nothing(store: RunStore) -> None:
    store.save(recording())
    store.save(recording())
    assert len(list(store.recordings())) == 1


def test_equal_content_is_stored_once(store: RunStore) -> None:
    part = Part.of(b"same", "text/plain")
    store.save(recording(number=1, parts={"a": part, "b": part}))
    store.save(recording(number=2, parts={"a": part}))
    assert len([path for path in (store.folder / "objects").rglob("*") if path.is_file()]) == 1


def test_finding_comes_back_with_its_evidence(store: RunStore) -> None:
    original = finding(
        measurements=(measurement(), measurement(value=None, spoilt=Reason("frame-rate.loss"))),
        limit=Reason("limit.at_least", {"value": "25"}),
        rule="tolerance",
        rulings=("R-001",),
        settle=Reason("settle.longer", {"minutes": 3}),
    )
    store.save_finding(original, "day")
    with reopened(store) as again:
        (stored,) = again.findings()
        assert stored.finding == original
        assert (stored.scenario, stored.epoch) == ("day", 0)
        picture = stored.finding.measurements[0].evidence["picture.png"]
        assert picture.read() == b"\x89PNG"


def test_a_resumed_scenario_replaces_its_findings(store: RunStore) -> None:
    store.save_finding(finding(verdict=Verdict.ERROR, code="scenario.harness-fault"), "day")
    store.save_finding(finding(), "night")
    store.save_finding(finding(), "day")
    assert [(one.scenario, one.finding.verdict) for one in store.findings()] == [
        ("night", Verdict.PASS),
        ("day", Verdict.PASS),
    ]


def test_a_new_judgement_leaves_the_old_one(store: RunStore) -> None:
    store.save_finding(finding(), "day")
    epoch = store.new_judgement("newer probes")
    assert store.findings() == ()
    store.save_finding(finding(verdict=Verdict.FAIL), "day")
    store.save_finding(finding(subject="p2"), "day", judged_in=0)
    assert [one.finding.verdict for one in store.findings()] == [Verdict.FAIL]
    assert len(store.findings(0)) == 2
    assert [one.reason for one in store.judgements()] == ["", "newer probes"]
    assert epoch == 1


def test_meta_and_events(store: RunStore) -> None:
    store.note_meta("ended", None)
    store.note_event(Reason("run.resumed", {"times": 1}))
    with reopened(store) as again:
        assert again.meta == {"seed": 7, "site": "模拟", "ended": None}
        (event,) = again.events()
        assert event.reason == Reason("run.resumed", {"times": 1})
        assert event.at.timestamp() == 1_770_000_000.0


def test_verify_finds_every_change(store: RunStore) -> None:
    kept = [store.save(recording(number=number)) for number in range(3)]
    store.save_finding(finding(measurements=(measurement(),)), "day")
    assert store.verify() == ()
    first, second, _ = (one.parts["transcript.xml"].source for one in kept)
    first.write_bytes(first.read_bytes()[:-1] + b"!")
    second.unlink()
    store._connection.execute("UPDATE findings SET document = replace(document, 'pass', 'fail')")
    assert sorted(fault.code for fault in store.verify()) == [
        "run-store.document-changed",
        "run-store.object-changed",
        "run-store.object-missing",
    ]
    assert len(store.verify(maximum_faults=1)) == 1
    with pytest.raises(RunStoreError, match="changed after"):
        store.findings()
    with pytest.raises(CorruptRecordingError):
        next(store.recordings()).read("transcript.xml")


@pytest.mark.parametrize(
    ("prepare", "key"),
    [
        (lambda path: None, "run-store.missing"),
        (lambda path: path.write_bytes(b"not a database at all, by far" * 99), "run-store.damaged"),
        (lambda path: path.write_bytes(b""), "run-store.unfinished"),
        (lambda path: begun(path), "run-store.unfinished"),
        (lambda path: foreign(path), "run-store.foreign"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, prepare, key) -> None:
    prepare(tmp_path / "run.sqlite")
    with pytest.raises(RunStoreError) as caught:
        RunStore.open(tmp_path)
    assert caught.value.key == key
    assert key in wordings()
    assert str(tmp_path) in str(caught.value)


def test_foreign_and_newer_runs_are_told_apart(store: RunStore) -> None:
    store._connection.execute("PRAGMA user_version = 2000")
    with pytest.raises(RunStoreError) as caught:
        reopened(store)
    assert caught.value.key == "run-store.newer"
    connection = sqlite3.connect(store.folder / "run.sqlite")
    connection.execute("PRAGMA user_version = 1000")
    connection.execute("PRAGMA application_id = 1")
    connection.close()
    with pytest.raises(RunStoreError) as caught:
        RunStore.open(store.folder)
    assert caught.value.key == "run-store.foreign"


def test_a_later_addition_to_the_schema_is_no_obstacle(store: RunStore) -> None:
    store.save(recording())
    store._connection.execute("PRAGMA user_version = 1001")
    store._connection.execute("CREATE TABLE later (x)")
    with reopened(store) as again:
        assert again.find("clock", "p1") is not None


def test_a_run_is_not_overwritten(store: RunStore) -> None:
    with pytest.raises(RunStoreError, match="already holds a run"):
        RunStore.create(store.folder, {})


def test_a_run_killed_while_it_was_made_can_be_made_again(tmp_path: Path) -> None:
    begun(tmp_path / "run.sqlite")
    RunStore.create(tmp_path, {}).close()
    RunStore.open(tmp_path).close()


def test_an_unwritable_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    with pytest.raises(RunStoreError) as caught:
        RunStore.create(tmp_path / "run", {})
    assert caught.value.key == "run-store.unwritable"


def test_threads_share_a_store(store: RunStore) -> None:
    threads = [
        threading.Thread(target=lambda point=point: store.save(recording(subject=f"p{point}")))
        for point in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(store.recordings())) == 16
    assert store.verify() == ()


WRITER = """
import sys
from pathlib import Path
from assessment.store import RunStore
from assessment.recording import Part
from tests.assessment.samples import finding, recording

folder = Path(sys.argv[1])
store = RunStore.open(folder)
number = int(sys.argv[2])
while True:
    part = Part.of(number.to_bytes(8, "big") * 4096, "application/octet-stream")
    saved = store.save(recording(number=number, parts={"packets.pcap": part}))
    sys.stdout.write(saved.digest + "\\n")
    sys.stdout.flush()
    store.save_finding(finding(subject=f"p{number}"), "day")
    sys.stdout.write(f"p{number}\\n")
    sys.stdout.flush()
    number += 1
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_kill_loses_at_most_the_one_in_flight(tmp_path: Path) -> None:
    RunStore.create(tmp_path, {}).close()
    dice = random.Random(20260102)
    acknowledged: list[str] = []
    for round_number in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(round_number * 100_000)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        acknowledged.append(process.stdout.readline().strip())
        time.sleep(dice.uniform(0.0, 0.15))
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split("\n")
        process.stdout.close()
        process.wait()
        acknowledged += rest[:-1]
        with RunStore.open(tmp_path) as store:
            kept = {one.digest for one in store.recordings()}
            kept |= {one.finding.subject for one in store.findings()}
            assert set(acknowledged) <= kept
            assert len(kept) - len(acknowledged) <= round_number + 1
            assert store.verify() == ()
    assert len(acknowledged) > 20
