"""What a test does where this machine lacks something: it is skipped, but in CI nothing may be lacking."""

from __future__ import annotations

import os

import pytest
import system_packages

__all__ = ["IN_CI", "command_for", "require", "unavailable"]

IN_CI = os.environ.get("CI", "") not in {"", "0", "false"}
_NEEDS = {need.name: need for need in system_packages.LISTED}


def unavailable(reason: str) -> None:
    """Skip the running test because of what this machine lacks; in CI nothing may be lacking, so there it fails."""
    if IN_CI:
        pytest.fail(f"{reason} (CI is set, so this is no skip)", pytrace=False)
    pytest.skip(reason)


def require(item: pytest.Item, *names: str) -> None:
    """Skip this test where a program, or another thing that scripts/system-packages.txt names, is missing."""
    for name in names:
        if not _NEEDS[name].is_met():
            item.user_properties.append(("missing_program", name))
            unavailable(f"needs {name}: apt-get install {_NEEDS[name].package}")


def command_for(names: list[str]) -> str:
    """What brings these on Debian."""
    return f"apt-get install {system_packages.packages(_NEEDS[name] for name in names)}"
