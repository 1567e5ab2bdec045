"""The world of throw-away distributions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from throwaway import World, importable


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    with importable(world.site):
        yield world
