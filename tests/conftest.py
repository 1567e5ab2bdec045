"""What every test may rely on: the system programs it names, an environment of foreign clients, steady examples."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
import system_packages
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
NEEDS = {need.name: need for need in system_packages.LISTED}
IN_CI = os.environ.get("CI", "") not in {"", "0", "false"}

# a slow machine is no error, and what lands must not hang on luck: CI takes the same examples each time
settings.register_profile("agentframework", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("agentframework")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `needs_system(name, ...)` where one of them is missing; where CI is set, fail it."""
    for marker in item.iter_markers("needs_system"):
        for name in marker.args:
            if not NEEDS[name].is_met():
                item.user_properties.append(("missing_program", name))
                unavailable(f"needs {name}: apt-get install {NEEDS[name].package}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say in the last line of all what was skipped for missing system packages."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    missing = Counter(
        value
        for report in reporter.stats.get("skipped", ())
        for name, value in getattr(report, "user_properties", ())
        if name == "missing_program"
    )
    if missing:
        counts = " and ".join(
            f"{count} {'test' if count == 1 else 'tests'} that need {name}"
            for name, count in sorted(missing.items())
        )
        packages = system_packages.packages(NEEDS[name] for name in sorted(missing))
        reporter.write_line(f"skipped {counts}: apt-get install {packages}")


def unavailable(reason: str) -> None:
    """Skip the running test because of what this machine lacks; in CI nothing may be lacking, so there it fails."""
    if IN_CI:
        pytest.fail(f"{reason} (CI is set, so this is no skip)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def clients_python() -> Path:
    """The interpreter of the environment that holds foreign clients (tests/clients/requirements.txt)."""
    python = ROOT / ".venvs" / "clients" / "bin" / "python"
    if not python.exists():
        unavailable("needs the environment of foreign clients: make setup")
    return python


@pytest.fixture(scope="session")
def javascript_client() -> Path:
    """The folder that holds Node and the JavaScript client (tests/clients/javascript)."""
    folder = ROOT / ".venvs" / "javascript"
    if not (folder / "node_modules" / "@elevenlabs" / "client").exists():
        unavailable("needs Node and the JavaScript client: make setup")
    return folder
