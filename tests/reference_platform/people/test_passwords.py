"""Which passwords are accepted, and how they are kept."""

from __future__ import annotations

import pytest

from reference_platform.errors import PlatformError
from reference_platform.people.passwords import Passwords, one_time_password, require_strong
from tests.reference_platform.platforms import CHEAP


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Sh0rt-one", "password.short"),
        ("A1-" + "x" * 126, "password.long"),
        ("onlysmallletters", "password.classes"),
        ("small1234567letters", "password.classes"),
        ("Zhangwei-2026-gate", "password.holds-name"),
        ("wang.LI-river-moon4", "password.holds-name"),
        ("Password123!", "password.common"),
        ("Qwertyuiop1!", "password.common"),
        ("Aa1!Aa1!Aa1!", "password.common"),
    ],
)
def test_a_weak_password_is_refused(password: str, code: str) -> None:
    with pytest.raises(PlatformError) as caught:
        require_strong(password, "zhangwei", "Wang.Li", 10)
    assert (caught.value.code, caught.value.status) == (code, 422)
    assert password not in str(caught.value.parameters)


def test_a_strong_password_is_accepted() -> None:
    require_strong("Quiet-harbour7lantern", "zhangwei", "", 10)
    for _ in range(20):
        require_strong(one_time_password(), "admin", "系统管理员", 10)


def test_what_is_stored_is_argon2_and_says_nothing() -> None:
    passwords = Passwords(CHEAP)
    stored = passwords.hash("Quiet-harbour7lantern")
    assert stored.startswith("$argon2id$")
    assert passwords.matches(stored, "Quiet-harbour7lantern")
    assert not passwords.matches(stored, "Quiet-harbour7lanterns")
    assert not passwords.matches(None, "Quiet-harbour7lantern")
    assert not passwords.matches("", "")
