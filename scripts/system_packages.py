"""Which system packages are missing, and their installation where nobody need be asked: as root, with apt-get.

Elsewhere the tests that need one are skipped and say so (they fail where CI is set), and an environment that cannot
be made without one is not begun. Standard library alone: this runs before there is any environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LISTED", "Need", "install", "missing", "missing_for_build", "packages"]

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / ".venvs" / "system-packages.log"
LOG_LINES_SHOWN = 20
# where a compiler looks, and PyAudio's own build on macOS
HEADERS = ("/usr/include", "/usr/include/*-linux-*", "/usr/local/include", "/opt/homebrew/include")
ALSA_MODULES = ("/usr/lib/*/alsa-lib", "/usr/lib/alsa-lib", "/usr/lib64/alsa-lib", "/usr/local/lib/alsa-lib")


@dataclass(frozen=True)
class Need:
    """A program, header or module of ALSA, and the Debian package that brings it."""

    name: str
    package: str
    is_for_build: bool = False

    def is_met(self) -> bool:
        """Whether it is on this machine."""
        if self.name == "Python.h":
            return Path(sysconfig.get_path("include"), self.name).exists()
        if self.name.endswith(".h"):
            folders = (*HEADERS, *filter(None, os.environ.get("CPATH", "").split(os.pathsep)))
        elif self.name.endswith(".so"):
            folders = ALSA_MODULES
        else:
            return shutil.which(self.name) is not None
        return any(next(Path("/").glob(f"{folder.lstrip('/')}/{self.name}"), None) for folder in folders)


def _listed() -> tuple[Need, ...]:
    lines = (ROOT / "scripts" / "system-packages.txt").read_text().splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    return tuple(Need(name, package, "build" in rest) for name, package, *rest in words)


LISTED = _listed()
# of the interpreter that makes the environments; Debian packages them apart, most others do not
PYTHON_HEADERS = Need("Python.h", f"python{sys.version_info.major}.{sys.version_info.minor}-dev", True)


def missing() -> list[Need]:
    """All that is listed and not here."""
    return [need for need in LISTED if not need.is_met()]


def missing_for_build() -> list[Need]:
    """What an environment that compiles PyAudio cannot be made without."""
    return [need for need in (*LISTED, PYTHON_HEADERS) if need.is_for_build and not need.is_met()]


def packages(needs: Iterable[Need]) -> str:
    """Their packages, as words for apt-get."""
    return " ".join(dict.fromkeys(need.package for need in needs))


def install(needs: Iterable[Need]) -> None:
    """Install their packages where that can be done; what goes wrong is said on standard error."""
    wanted = packages(needs).split()
    if not wanted or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=60"]
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("wb") as log:
        for command in (
            [*apt, "update"],
            [*apt, "install", "--yes", "--no-install-recommends", *wanted],
        ):
            done = subprocess.run(
                command,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )
            if done.returncode:
                break
        else:
            return
    lines = LOG.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    print(*lines, sep="\n", file=sys.stderr)
    print(f"apt-get could not install {' '.join(wanted)}; the lines above are from {LOG}", file=sys.stderr)
