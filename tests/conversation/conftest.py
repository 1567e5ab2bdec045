"""Either door of a conversation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from doors import DOORS, Door, a_door


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Each door in turn."""
    with a_door(request.param) as opened:
        yield opened
