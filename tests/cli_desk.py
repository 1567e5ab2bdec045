"""A user's desk: a folder with a config, a package of tools that is found there, and the command to run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["COMMAND", "Desk"]

COMMAND: Final = (sys.executable, "-m", "agentframework")
_PACKAGES: Final = str(Path(__file__).parents[1] / "framework")

_TOOLS: Final = '''\
import time
from agentframework import ToolError, hookimpl, tool

print("desk_tools is imported")


@tool
def world_time(city: str) -> str:
    """What time it is in a city of the world."""
    if city == "Atlantis":
        raise ToolError("There is no city called Atlantis.")
    return "14:03"


@tool
def divide(dividend: int, divisor: int) -> float:
    """Divide one number by another."""
    return dividend / divisor


@tool
def wait(seconds: float) -> str:
    """Wait for some seconds."""
    time.sleep(seconds)
    return "done"


@tool
def recite(words: int) -> str:
    """Recite some words."""
    return " ".join(f"word{number}" for number in range(words))


@hookimpl
def register_tools(register):
    for one in (world_time, divide, wait, recite):
        register(one)
'''
_CONFIG: Final = """\
[agent]
url = "local"
tool_error_handling_mode = "passthrough"

[plugins]
autoload = false
enable = ["desk"]
"""
_METADATA: Final = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


class Desk:
    """`folder` is where commands run; `site` is where packages are found, besides those of this Python."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "desk"
        self.site = root / "site"
        self.folder.mkdir()
        self.site.mkdir()
        self.install("desk-tools", "desk_tools", _TOOLS, "[agentframework]\ndesk = desk_tools\n")
        self.write("config.toml", _CONFIG)

    def install(self, distribution: str, module: str, code: str, entry_points: str) -> None:
        """A distribution of version 1.0 with one module, as pip would leave it."""
        (self.site / f"{module}.py").write_text(code, encoding="utf-8")
        info = self.site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(_METADATA.format(name=distribution), encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")

    def write(self, name: str, text: str) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def write_script(self, text: str, *, more: str = "") -> None:
        """Let the local agent follow a script; `more` is what else the config says."""
        self.write("script.toml", text)
        self.write(
            "config.toml", _CONFIG.replace("[plugins]", f'script = "script.toml"\n\n{more}\n[plugins]')
        )

    def environment(self, **more: str) -> dict[str, str]:
        """What a command finds; nothing of the terminal that the tests run in."""
        path = os.pathsep.join([_PACKAGES, str(self.site)])
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": path,
            # the local agent's server may still be closing when the process ends
            "PYTHONWARNINGS": "error",
            "PYTHONFAULTHANDLER": "1",  # a command that a test has to abort says where it was
            **more,
        }

    def run(self, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """A command through pipes, to its end."""
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(**environment),
            input=given,
            capture_output=True,
            encoding="utf-8",
            timeout=25,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command whose input stays open."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
