"""The repairs that arguments may get, by one table and no other."""

from __future__ import annotations

__all__: list[str] = []
