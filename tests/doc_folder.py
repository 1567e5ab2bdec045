"""The folder that the reader of a page works in, with a shell, a `pip` that stays offline, and a free port."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Folder"]

_COMMAND_LIMIT = 60.0

# What `pip install` means on a page: the same, but offline, and into the page's own folder. A name without a slash
# would come from the package index; it is there already.
_PIP = """\
#!/bin/sh
[ "$1" = install ] || exit 2
shift
for wanted in "$@"; do
    case $wanted in
        .|./*|*/*) {python} -m pip install --quiet --no-deps --no-build-isolation --no-index --no-cache-dir \\
            --disable-pip-version-check --root-user-action=ignore --upgrade --target {site} "$wanted" || exit ;;
    esac
done
"""


class Folder:
    """`work` is where commands run, `site` what `pip install` puts packages into; both are below `root`.

    Used as a context: at its end everything that was kept running is ended.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "work"
        self.site = root / "site"
        self.port = _free_port()
        self._kept: list[subprocess.Popen[str]] = []
        programs = root / "bin"
        for folder in (self.work, self.site, programs):
            folder.mkdir()
        pip = programs / "pip"
        pip.write_text(_PIP.format(python=shlex.quote(sys.executable), site=shlex.quote(str(self.site))))
        pip.chmod(0o755)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._kept:
            process.terminate()
            process.communicate(timeout=_COMMAND_LIMIT)

    def write(self, name: str, text: str) -> Path:
        """A file in the working folder."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """What a shell makes of a command that is given a text; what it prints as an error is in `stdout` too."""
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.work,
            env=self._environment(),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_COMMAND_LIMIT,
            check=False,
        )

    def keep_running(self, command: str) -> str:
        """Starts a command that goes on, and waits for the first line that it prints."""
        process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=self.work,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._kept.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    def _environment(self) -> dict[str, str]:
        """An environment with nothing of the developer's in it but the way to Python's programs."""
        return {
            "PATH": f"{self.root / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{self.site}:{os.environ.get('PYTHONPATH', '')}".rstrip(":"),
            "HOME": str(self.root),
            "LANG": "C.UTF-8",
            "COLUMNS": "120",
            "NO_COLOR": "1",
        }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
