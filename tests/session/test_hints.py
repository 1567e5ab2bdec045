"""A close or a refusal comes with what would help."""

from __future__ import annotations

import pytest

from agentframework.session.hints import close_hint, refusal_hint


@pytest.mark.parametrize(
    ("code", "reason", "hint"),
    [
        (
            1008,
            "Missing required dynamic variables in first message: {'user_name', 'plan'}",
            "user_name, plan",
        ),
        (1008, "Override for field 'voice_id' is not allowed by config.", "allow overriding voice_id"),
        (1008, "Invalid message received", "a result that is no text"),
        (
            1002,
            "The AI agent you are trying to reach appears to be misconfigured",
            "settings on the platform",
        ),
        (1008, "something new", "overrides must be allowed"),
        (1001, "", "going away"),
        (1006, "", "without a goodbye"),
        (1009, "", "too large"),
        (1011, "", "try again"),
        (3000, "Request error", "agent's id"),
        (4300, "", "too many conversations"),
    ],
)
def test_the_reason_counts_before_the_code(code: int, reason: str, hint: str) -> None:
    assert hint in close_hint(code, reason)


def test_an_ordinary_end_needs_no_hint() -> None:
    assert close_hint(1000, "") == ""
    assert close_hint(None, "") == ""


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "requires_auth"),
        (403, "requires_auth"),
        (404, "agent's id"),
        (429, "later"),
        (500, ""),
        (None, ""),
    ],
)
def test_a_refused_upgrade_has_its_hint(status: int | None, hint: str) -> None:
    assert hint in refusal_hint(status)
    assert bool(refusal_hint(status)) == bool(hint)
