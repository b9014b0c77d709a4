from __future__ import annotations

import pickle
import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

from targets.credentials import MASK, PasswordSource, Secret, environment_names, redact


class MemoryKeyring(KeyringBackend):
    priority = 1  # type: ignore[assignment]

    def __init__(self, known: dict[tuple[str, str], str], broken: bool = False) -> None:
        self.known = known
        self.broken = broken

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken:
            raise KeyringError("locked")
        return self.known.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def empty_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring({}))
    yield
    keyring.set_keyring(before)


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter2")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr([secret])]
    assert all("hunter2" not in one for one in shown)
    assert MASK in repr(secret)
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("other")
    assert len({secret, Secret("hunter2")}) == 1
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_redaction_masks_the_longest_first_and_nothing_for_an_empty_secret() -> None:
    text = redact("a=pass b=password c=x", [Secret("pass"), Secret("password"), Secret("")])
    assert text == f"a={MASK} b={MASK} c=x"


def test_the_environment_is_searched_from_the_particular_to_the_general() -> None:
    assert environment_names("1101-2", "10.0.0.1") == (
        "TANTOU_PASSWORD_1101_2",
        "TANTOU_PASSWORD_10_0_0_1",
        "TANTOU_PASSWORD",
    )
    environment = {"TANTOU_PASSWORD": "general", "TANTOU_PASSWORD_10_0_0_1": "host"}
    source = PasswordSource(environment)
    assert source.find("p", "10.0.0.1", "admin") == Secret("host")
    assert source.find("p", "10.0.0.2", "admin") == Secret("general")
    environment["TANTOU_PASSWORD_P"] = "point"
    assert PasswordSource(environment).find("p", "10.0.0.1", "admin") == Secret("point")


def test_the_keyring_comes_next_then_a_person_is_asked_once() -> None:
    keyring.set_keyring(MemoryKeyring({("tantou", "admin@cam"): "kept"}))
    asked: list[str] = []

    def prompt(question: str) -> str:
        asked.append(question)
        return "typed"

    source = PasswordSource({}, prompt)
    assert source.find("p", "cam", "admin") == Secret("kept")
    assert asked == []
    assert source.find("p", "other", "admin") == Secret("typed")
    assert source.find("p", "other", "admin") == Secret("typed")
    assert asked == ["admin@other: "]


def test_nobody_to_ask_and_a_broken_keyring_know_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyring.set_keyring(MemoryKeyring({}, broken=True))
    monkeypatch.setattr(sys, "stdin", None)
    for name in ("TANTOU_PASSWORD", "TANTOU_PASSWORD_CAM", "TANTOU_PASSWORD_P"):
        monkeypatch.delenv(name, raising=False)
    assert PasswordSource.of_this_process().find("p", "cam", "admin") is None
