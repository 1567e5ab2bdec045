"""What every test may rely on: the system programs it names, an environment of foreign clients, steady examples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from lacking import IN_CI, command_for, require, unavailable
from steadiness import Steadiness

ROOT = Path(__file__).resolve().parent.parent
steadiness = Steadiness()

# a slow machine is no error, and what lands must not hang on luck: CI takes the same examples each time
settings.register_profile("agentframework", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("agentframework")


class SoundIsAskedAgain:
    """Where the machine stood still while a test of sound failed, what it heard tells nothing: it is run again."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if item.get_closest_marker("sound") and not item.get_closest_marker("soak"):
                item.add_marker(pytest.mark.flaky(reruns=2, condition=lambda: bool(steadiness.stalls())))

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if item.get_closest_marker("flaky"):
            steadiness.begin()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if str(report.outcome) == "rerun":
            longest = max(stall.ends - stall.begins for stall in steadiness.stalls())
            print(
                f" the machine stood still for {1000 * longest:.0f} ms in {report.nodeid}, which is run again"
            )


def pytest_configure(config: pytest.Config) -> None:
    """Watch the machine for tests in every folder."""
    config.pluginmanager.register(SoundIsAskedAgain())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `needs_system(name, ...)` where one of them is missing; where CI is set, fail it."""
    for marker in item.iter_markers("needs_system"):
        require(item, *marker.args)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say in the last line of all what was skipped for missing system packages."""
    steadiness.stop()
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
