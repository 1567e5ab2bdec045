"""`make` sets up what it needs on a fresh machine: quietly, once, and in one line where it cannot."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# what a fresh login has: nothing of this process but an interpreter and the system's programs
PATH = f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.defpath}"
MAKE = shutil.which("make") or "make"

TINY_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "{name}"
version = "0.1.0"
dependencies = []
"""

# the least that pip takes for a build backend; on HALF_WAY it tells whoever reads that pipe and never ends
TINY_BACKEND = """
import os, signal, zipfile

NAME = "{name}"

def build_editable(folder, config_settings=None, metadata_directory=None):
    if "HALF_WAY" in os.environ:
        with open(os.environ["HALF_WAY"], "w") as pipe:
            pipe.write("here")
        signal.pause()
    info = NAME + "-0.1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, NAME + "-0.1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: 0.1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(NAME + ".pth", os.getcwd())
        if NAME == "agentframework":
            wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nagentframework = echo:main\\n")
        wheel.writestr(info + "RECORD", "")
    return NAME + "-0.1.0-py3-none-any.whl"
"""

TINY_PROGRAM = """
import sys

def main():
    print("the demo was told:", sys.stdin.read().strip())
"""


def make(tree: Path, *words: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `make` in `tree` as a fresh login would, with `said` on its standard input."""
    return subprocess.run(
        [MAKE, *words],
        cwd=tree,
        env={"PATH": PATH, **environment},
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare_tree(tmp_path: Path) -> Path:
    """The Makefile and its scripts, in a folder whose name has a space."""
    tree = tmp_path / "a clone"
    tree.mkdir()
    shutil.copy(ROOT / "Makefile", tree)
    shutil.copytree(ROOT / "scripts", tree / "scripts")
    return tree


@pytest.fixture
def tiny_tree(bare_tree: Path) -> Path:
    """A project of the same shape as ours that takes no time to build."""
    for folder, name in (
        (bare_tree, "agentframework"),
        (bare_tree / "example_tools", "example_tools"),
        (bare_tree / "plugins" / "agentframework-pyaudio", "agentframework_pyaudio"),
    ):
        folder.mkdir(exist_ok=True, parents=True)
        (folder / "pyproject.toml").write_text(TINY_PROJECT.format(name=name))
        (folder / "backend.py").write_text(TINY_BACKEND.replace("{name}", name))
    (bare_tree / "echo.py").write_text(TINY_PROGRAM)
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("pip==")]
    (bare_tree / "constraints.txt").write_text("\n".join(pins) + "\n")
    return bare_tree


def assert_demo_ran(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (0, "the demo was told: bye\n", "")


class TestWhatIsMissing:
    """Where set-up cannot begin, one line names what is needed and make ends with 2."""

    def test_a_machine_without_python(self, bare_tree: Path, tmp_path: Path) -> None:
        done = make(bare_tree, "demo", PATH=str(tmp_path))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "Python 3.11 or newer is needed" in done.stderr

    def test_a_python_without_venv(self, bare_tree: Path, tmp_path: Path) -> None:
        without_venv = tmp_path / "python3"
        without_venv.write_text(
            f"#!/bin/sh\nexec '{sys.executable}' -c \"import sys\nsys.modules['ensurepip'] = None\n"
            'exec(sys.argv[1])" "$2"\n'
        )
        without_venv.chmod(0o755)
        done = make(bare_tree, "test", PATH=str(tmp_path))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert f"apt-get install python{VERSION}-venv" in done.stderr

    def test_a_python_named_by_the_user_that_does_not_run(self, bare_tree: Path) -> None:
        done = make(bare_tree, "demo", "PYTHON=/no/such/python")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "PYTHON=/no/such/python" in done.stderr

    def test_a_file_of_the_repository(self, bare_tree: Path) -> None:
        done = make(bare_tree, "demo")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "pyproject.toml is missing" in done.stderr

    def test_a_folder_of_the_users_is_never_cleared(self, tiny_tree: Path) -> None:
        treasure = tiny_tree / ".venv" / "treasure"
        treasure.parent.mkdir()
        treasure.write_text("gold")
        done = make(tiny_tree, "demo")
        assert done.returncode == 2
        assert ".venv is there but is no virtual environment: move it away" in done.stderr
        assert treasure.read_text() == "gold"


class TestSystemPackages:
    """As root what is missing is installed before an environment is made; elsewhere one line names it."""

    @pytest.fixture
    def bin_folder(self, tmp_path: Path) -> Path:
        """All that there is on a machine's PATH, next to Python: nothing yet."""
        folder = tmp_path / "bin"
        folder.mkdir()
        return folder

    @pytest.fixture
    def tree(self, tiny_tree: Path, bin_folder: Path) -> Path:
        """A tree whose environment for tests compiles with a program that this machine lacks."""
        (tiny_tree / "scripts" / "system-packages.txt").write_text(
            "# a comment\nplayer such-player\nchisel such-chisel build\nno-such-header.h such-headers\n"
        )
        return tiny_tree

    def set_up(self, tree: Path, bin_folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, tree / "scripts" / "environments.py", *names],
            env={"PATH": str(bin_folder), "ASKED": str(tree / "asked")},
            capture_output=True,
            text=True,
            check=False,
        )

    def bring_apt(self, bin_folder: Path, script: str) -> None:
        """An apt-get that writes down what it is asked, and does what the script says."""
        program = bin_folder / "apt-get"
        program.write_text(f'#!/bin/sh\necho "$@" >>"$ASKED"\n{script}\n')
        program.chmod(0o755)

    def test_where_there_is_no_apt_one_line_names_what_the_build_lacks(
        self, tree: Path, bin_folder: Path
    ) -> None:
        done = self.set_up(tree, bin_folder, "system", "test")
        assert done.returncode == 2
        assert done.stdout == (
            "PyAudio is compiled here, for which this machine lacks chisel: apt-get install such-chisel\n"
        )
        assert not (tree / ".venv").exists()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root installs without asking")
    def test_root_installs_all_that_is_missing_before_anything_is_compiled(
        self, tree: Path, bin_folder: Path
    ) -> None:
        self.bring_apt(bin_folder, f"[ -d {str(tree)!r}/.venv ] && exit 9\necho no network >&2\nexit 7")
        done = self.set_up(tree, bin_folder, "system", "test")
        assert done.returncode == 2
        assert "lacks chisel: apt-get install such-chisel" in done.stdout
        assert "no network" in done.stderr
        assert "apt-get could not install such-player such-chisel such-headers" in done.stderr
        assert "no network" in (tree / ".venvs" / "system-packages.log").read_text()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root installs without asking")
    def test_what_is_there_is_not_asked_for_again(self, tree: Path, bin_folder: Path) -> None:
        self.bring_apt(bin_folder, f"[ $3 = update ] || /bin/cp $0 {bin_folder}/chisel")
        done = self.set_up(tree, bin_folder, "system")
        assert (done.returncode, done.stdout, done.stderr) == (0, "ready\n", "")
        update, installation = (tree / "asked").read_text().splitlines()
        assert update.endswith(" update")
        assert installation.endswith(" --no-install-recommends such-player such-chisel such-headers")
        self.set_up(tree, bin_folder, "system")
        assert (tree / "asked").read_text().splitlines()[-1].endswith(" such-player such-headers")

    def test_the_demo_asks_for_none_of_it(self, tree: Path, bin_folder: Path) -> None:
        self.bring_apt(bin_folder, "exit 7")
        (tree / "pyproject.toml").unlink()  # makes it end before it takes time
        done = self.set_up(tree, bin_folder, "demo")
        assert "pyproject.toml is missing" in done.stdout
        assert not (tree / "asked").exists()


class TestMissingSystemPackages:
    """Tests that need a program which is not there are skipped and counted in the last line; in CI they fail."""

    @pytest.fixture
    def suite(self, tmp_path: Path) -> Path:
        (tmp_path / "scripts").mkdir()
        (tmp_path / "scripts" / "system-packages.txt").write_text(
            "# a comment\nno-such-program such-package\n"
        )
        (tmp_path / "tests").mkdir()
        shutil.copy(ROOT / "scripts" / "system_packages.py", tmp_path / "scripts")
        for name in ("conftest.py", "lacking.py", "steadiness.py"):
            shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
        (tmp_path / "tests" / "test_a.py").write_text(
            "import pytest\n\n"
            "@pytest.mark.needs_system('no-such-program')\n"
            "@pytest.mark.parametrize('n', range(3))\n"
            "def test_needy(n): pass\n\n"
            "def test_modest(): pass\n"
        )
        (tmp_path / "pyproject.toml").write_text(
            "[tool.pytest.ini_options]\naddopts = ['--import-mode=importlib', '-p', 'no:cacheprovider']\n"
            "pythonpath = ['tests', 'scripts']\n"
            "markers = ['needs_system(name): x']\n"
        )
        return tmp_path

    def run(self, suite: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "--numprocesses=1"],
            cwd=suite,
            env={"PATH": PATH, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_they_are_skipped_and_the_last_line_names_the_command(self, suite: Path) -> None:
        done = self.run(suite)
        assert done.returncode == 0
        last = done.stdout.splitlines()[-1]
        assert last == "skipped 3 tests that need no-such-program: apt-get install such-package"

    def test_in_ci_they_fail_and_say_why(self, suite: Path) -> None:
        done = self.run(suite, CI="true")
        assert done.returncode == 1
        assert "3 errors" in done.stdout
        assert "needs no-such-program: apt-get install such-package (CI is set" in done.stdout

    @pytest.mark.parametrize(("ci", "code", "outcome"), [("", 0, "1 skipped"), ("true", 1, "1 error")])
    def test_sound_is_never_skipped_in_ci(self, tmp_path: Path, ci: str, code: int, outcome: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-m", "sound", "tests/sound/test_sound_server.py", "-k", "lost"],
            cwd=ROOT,
            env={"PATH": str(tmp_path), "CI": ci},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, outcome in done.stdout) == (code, True), done.stdout
        assert "needs pulseaudio: apt-get install pulseaudio" in done.stdout

    def test_nothing_is_said_where_nothing_is_missing(self, suite: Path) -> None:
        (suite / "scripts" / "system-packages.txt").write_text("sh dash\n")
        tests = suite / "tests" / "test_a.py"
        tests.write_text(tests.read_text().replace("no-such-program", "sh"))
        done = self.run(suite)
        assert "apt-get" not in done.stdout
        assert "4 passed" in done.stdout


@pytest.mark.soak
class TestSettingUp:
    """What happens to the environment over its life, shown on a project that builds at once."""

    def test_it_is_quiet_and_done_once(self, tiny_tree: Path) -> None:
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        before = (tiny_tree / ".venv" / "setup.log").stat().st_mtime_ns
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        assert (tiny_tree / ".venv" / "setup.log").stat().st_mtime_ns == before

    def test_a_change_of_the_project_updates_it_in_place(self, tiny_tree: Path) -> None:
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        kept = tiny_tree / ".venv" / "kept"
        kept.touch()
        with (tiny_tree / "pyproject.toml").open("a") as project:
            project.write("# a change\n")
        before = (tiny_tree / ".venv" / "setup.log").stat().st_mtime_ns
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        assert (tiny_tree / ".venv" / "setup.log").stat().st_mtime_ns > before
        assert kept.exists()

    def test_an_interrupted_one_is_made_anew(self, tiny_tree: Path, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        interrupted = subprocess.Popen(
            [MAKE, "demo"], cwd=tiny_tree, env={"PATH": PATH, "HALF_WAY": str(pipe)}, start_new_session=True
        )
        assert pipe.read_text() == "here"
        left_over = tiny_tree / ".venv" / "left-over"
        left_over.touch()
        os.killpg(interrupted.pid, signal.SIGKILL)
        interrupted.wait()
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        assert not left_over.exists()

    def test_two_at_once_wait_for_each_other(self, tiny_tree: Path) -> None:
        both = [
            subprocess.Popen(
                [MAKE, "demo"],
                cwd=tiny_tree,
                env={"PATH": PATH},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for process in both:
            stdout, stderr = process.communicate("bye")
            assert_demo_ran(subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr))

    def test_a_clone_that_moved_is_made_anew(self, tiny_tree: Path) -> None:
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        moved = tiny_tree.rename(tiny_tree.parent / "moved")
        assert_demo_ran(make(moved, "demo", said="bye"))
        assert str(moved) in (moved / ".venv" / "bin" / "agentframework").read_text()

    def test_another_python_makes_it_anew(self, tiny_tree: Path) -> None:
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        settings = tiny_tree / ".venv" / "pyvenv.cfg"
        written = settings.read_text()
        settings.write_text(written.replace(f"version = {VERSION}", "version = 3.10"))
        for stamp in settings.parent.glob("*.stamp"):
            stamp.write_text("made by that Python")
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        assert settings.read_text() == written

    def test_an_activated_environment_changes_nothing(self, tiny_tree: Path) -> None:
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))
        before = (tiny_tree / ".venv" / "setup.log").stat().st_mtime_ns
        activated = f"{tiny_tree / '.venv' / 'bin'}{os.pathsep}{PATH}"
        assert_demo_ran(
            make(tiny_tree, "demo", said="bye", PATH=activated, VIRTUAL_ENV=str(tiny_tree / ".venv"))
        )
        assert (tiny_tree / ".venv" / "setup.log").stat().st_mtime_ns == before

    def test_a_failure_shows_the_log_and_is_tried_again(self, tiny_tree: Path) -> None:
        project = tiny_tree / "pyproject.toml"
        good = project.read_text()
        project.write_text(good.replace('"backend"', '"no_such_backend"'))
        done = make(tiny_tree, "demo", said="bye")
        assert (done.returncode, done.stdout) == (2, "")
        assert "no_such_backend" in done.stderr
        assert "*** setting up .venv failed; the lines above are from" in done.stderr.splitlines()[-1]
        project.write_text(good)
        assert_demo_ran(make(tiny_tree, "demo", said="bye"))


@pytest.mark.soak
class TestTheJavascriptClient:
    """Node comes with it, so a machine without Node and npm can run it too."""

    def set_up(self, tree: Path) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [sys.executable, tree / "scripts" / "environments.py", "javascript"]
        return subprocess.run(command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False)

    def test_it_is_installed_once_as_the_lock_says(self, bare_tree: Path) -> None:
        folder = bare_tree / "tests" / "clients" / "javascript"
        shutil.copytree(ROOT / "tests" / "clients" / "javascript", folder)
        shutil.copy(ROOT / "constraints.txt", bare_tree)
        first = self.set_up(bare_tree)
        assert (first.stdout, first.stderr) == ("ready\n", "")
        made = bare_tree / ".venvs" / "javascript"
        code = "import { Conversation } from '@elevenlabs/client'; console.log(typeof Conversation)"
        done = subprocess.run(
            [made / "bin" / "node", "--input-type=module", "--eval", code],
            cwd=made,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("object\n", "")
        before = (made / "setup.log").stat().st_mtime_ns
        assert self.set_up(bare_tree).stdout == "ready\n"
        assert (made / "setup.log").stat().st_mtime_ns == before

        wanted = folder / "package.json"
        wanted.write_text(wanted.read_text().replace('"1.', '"0.'))
        failed = self.set_up(bare_tree)
        assert failed.stdout.startswith("setting up .venvs/javascript failed")
        assert "npm error" in failed.stderr


@pytest.mark.soak
class TestTheRepository:
    """The real thing, from nothing."""

    def test_a_fresh_clone_holds_the_demo_with_an_empty_environment(self, tmp_path: Path) -> None:
        clone = tmp_path / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        said = "what time is it in Oslo?\nbye\n"
        first = make(clone, "demo", said=said)
        assert (first.returncode, first.stderr) == (0, "")
        lines = first.stdout.splitlines()
        assert "you: what time is it in Oslo?" in lines
        assert any(line.startswith("tool: ") for line in lines)
        assert any(line.startswith("agent: ") and "Oslo" in line for line in lines)
        assert lines[-1].startswith("summary: 2 turns, 1 tool call, no errors")
        for word in ("pip", "Successfully", "Collecting", ".venv", "make"):
            assert word not in first.stdout
        before = (clone / ".venv" / "setup.log").stat().st_mtime_ns
        second = make(clone, "demo", said=said)
        assert (second.returncode, second.stderr) == (0, "")
        assert (clone / ".venv" / "setup.log").stat().st_mtime_ns == before
        assert len(second.stdout.splitlines()) == len(first.stdout.splitlines())

    def test_a_built_wheel_works_in_an_empty_environment(self, tmp_path: Path) -> None:
        environment = {"PATH": PATH}
        python = tmp_path / "venv" / "bin" / "python"

        def run(*command: str | Path) -> str:
            done = subprocess.run(
                command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
        pins = ("-c", ROOT / "constraints.txt")
        run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT)
        (wheel,) = tmp_path.glob("agentframework-*.whl")
        names = zipfile.ZipFile(wheel).namelist()
        assert "agentframework/py.typed" in names
        assert all(name.startswith("agentframework") for name in names)
        run(sys.executable, "-m", "venv", tmp_path / "venv")
        run(python, *pip[1:], "install", *pins, wheel)
        code = "import agentframework as af; print(af.__file__); af.tool, af.Conversation"
        assert str(tmp_path) in run(python, "-c", code)
        assert "run" in run(python.parent / "agentframework", "--help")
