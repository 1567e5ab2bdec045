"""The command line: `agentframework run`, `check`, `plugins`, `tools` and `local-agent`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """The console script: reads `sys.argv` and exits with the command's code."""
    # imported here, so that whoever imports this package alone pays for nothing
    from agentframework.cli.program import run_program

    sys.exit(run_program(sys.argv[1:]))
