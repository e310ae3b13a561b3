"""Password attempts are counted per name, in bounded memory."""

from __future__ import annotations

import pytest

from agora.domains.identity.oidc import password_attempts
from agora.domains.identity.oidc.password_attempts import PasswordAttempts


def test_attempts_of_a_name_are_given_back_one_by_one() -> None:
    attempts = PasswordAttempts(3, 6.0, 100)
    assert [attempts.take_attempt("uma", 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert [attempts.take_attempt("uma", 6.0) for _ in range(2)] == [True, False]
    assert attempts.take_attempt("vic", 6.0)


def test_other_names_give_a_name_no_new_attempts() -> None:
    attempts = PasswordAttempts(3, 6.0, 10)
    assert all(attempts.take_attempt("uma", 0.0) for _ in range(3))
    for number in range(1000):
        attempts.take_attempt(f"other-{number}", 1.0)
    assert not attempts.take_attempt("uma", 2.0)
    assert attempts.take_attempt("uma", 6.0)
    assert not attempts.take_attempt("uma", 6.5)


def test_many_names_need_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_attempts, "SHARED_BUCKETS", 8)
    attempts = PasswordAttempts(3, 6.0, 10)
    for number in range(1000):
        attempts.take_attempt(f"other-{number}", 0.0)
    assert (len(attempts._names), len(attempts._shared_levels)) == (10, 8)
    assert attempts.take_attempt("uma", 100.0)
    assert len(attempts._names) == 1, "the others have all their attempts back"


def test_a_name_after_a_flood_of_single_attempts_is_not_locked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_attempts, "SHARED_BUCKETS", 1)
    attempts = PasswordAttempts(3, 6.0, 1)
    attempts.take_attempt("a", 0.0)
    attempts.take_attempt("b", 0.0)
    assert [attempts.take_attempt("uma", 0.0) for _ in range(3)] == [True, True, False], "it shares the bucket of a"
