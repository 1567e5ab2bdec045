"""`python -m agentframework` is the `agentframework` command."""

from __future__ import annotations

from agentframework.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
