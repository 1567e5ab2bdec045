"""What a stranger's package for agentframework looks like: tools of each kind, a transcript and an audio backend."""

from __future__ import annotations

__all__: list[str] = []
