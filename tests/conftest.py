"""What every test may rely on: the system programs it names, an environment of foreign clients, steady examples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from lacking import IN_CI, command_for, require, unavailable

ROOT = Path(__file__).resolve().parent.parent

# a slow machine is no error, and what lands must not hang on luck: CI takes the same examples each time
settings.register_profile("agentframework", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("agentframework")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `needs_system(name, ...)` where one of them is missing; where CI is set, fail it."""
    for marker in item.iter_markers("needs_system"):
        require(item, *marker.args)


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
        reporter.write_line(f"skipped {counts}: {command_for(sorted(missing))}")


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
