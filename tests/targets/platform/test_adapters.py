"""The adapters: what a person answers, what nobody answers, and what cannot be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.time_source import SystemTime
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.platform.adapters import open_port
from targets.platform.attended import AttendedPort, Reply, Task
from targets.platform.port import Answer, PlatformPort, Session
from targets.platform.reference import outcome_of
from targets.platform.target import PlatformTarget
from targets.site import PlatformAccess

SESSION = Session("admin", Secret("token"))


class Person:
    """Somebody who answers from a list, by task."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.asked: list[Task] = []

    async def ask(self, task: Task) -> Reply | None:
        self.asked.append(task)
        answer = self.answers.get(task.expects)
        return None if answer is None else Reply(answer, "王芳")


def attended(person: Person | None) -> AttendedPort:
    target = PlatformTarget("p", "platform", PlatformAccess("", adapter="attended"))
    port = open_port(target, SystemTime(), attendant=person)
    assert isinstance(port, AttendedPort)
    return port


async def test_a_person_makes_what_is_asked_and_is_named() -> None:
    person = Person(done="done", names="东区, 西区")
    port = attended(person)
    made = await port.create(SESSION, "users", {"name": "tantou-1", "password": "Geheim-1"})
    assert (made.state, made.id, made.who) == ("done", "tantou-1", "王芳")
    assert "password" not in made.fields
    assert person.asked[0].secret == Secret("Geheim-1")
    assert "Geheim" not in repr(person.asked[0])
    assert [one["name"] for one in (await port.list(SESSION, "organisations")).items] == [
        "东区",
        "西区",
    ]


async def test_a_renamed_thing_is_asked_for_by_its_new_name() -> None:
    person = Person(done="done", names="新名")
    port = attended(person)
    await port.create(SESSION, "organisations", {"name": "旧名"})
    await port.change(SESSION, "organisations", "旧名", {"name": "新名"})
    await port.read(SESSION, "organisations", "旧名")
    assert person.asked[-1].parameters["name"] == "新名"
    (listed,) = (await port.list(SESSION, "organisations")).items
    assert listed["id"] == "旧名"


async def test_what_nobody_answers_is_a_problem_and_never_a_verdict() -> None:
    for port in (attended(None), attended(Person())):
        with pytest.raises(VisitProblem) as caught:
            await port.read(SESSION, "users", "x")
        assert caught.value.reason.code == "visit.unanswered"


async def test_a_refusal_is_an_outcome() -> None:
    outcome = await attended(Person(done="refused")).remove(SESSION, "users", "x")
    assert outcome.state == "refused"


async def test_a_file_that_a_person_brings_is_read(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"film")
    found = await attended(Person(file=str(tmp_path / "clip.mp4"))).artefact("download")
    assert (found.content, found.name, found.who) == (b"film", "clip.mp4", "王芳")
    with pytest.raises(VisitProblem):
        await attended(Person(file=str(tmp_path / "nothing"))).artefact("download")


async def test_what_an_adapter_cannot_do_is_not_offered() -> None:
    with pytest.raises(VisitProblem) as caught:
        await PlatformPort().openapi()
    assert caught.value.reason.code == "visit.not-offered"


async def test_a_platform_that_is_not_there_is_refused() -> None:
    target = PlatformTarget("p", "platform", PlatformAccess("https://127.0.0.1:9"))
    port = open_port(target, SystemTime())
    try:
        with pytest.raises(VisitProblem) as caught:
            await port.log_in("admin", Secret("x"))
        assert caught.value.reason.code == "visit.refused"
    finally:
        await port.close()


@pytest.mark.parametrize(
    ("status", "body", "state", "code"),
    [
        (201, b'{"id": "x"}', "done", ""),
        (200, b"[1, 2]", "done", ""),
        (403, b'{"error": {"code": "access.denied"}}', "refused", "access.denied"),
        (404, b"not json", "absent", ""),
        (409, b'{"error": 7}', "refused", ""),
        (500, b"", "failed", ""),
    ],
    ids=str,
)
def test_an_answer_becomes_an_outcome(status: int, body: bytes, state: str, code: str) -> None:
    outcome = outcome_of(Answer(status, {}, body))
    assert (outcome.state, outcome.code) == (state, code)
