"""The benchmarks run, in small, with every client; nothing here looks at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.checking import CHECKS
from benchmarks.measuring import measure
from benchmarks.plan import TINY, Kind, Work, works
from benchmarks.pools import POOLS, PoolCounts, pool_times
from benchmarks.processes import BENCH_PYTHON, CLIENTS_PYTHON, Server
from lacking import unavailable

PAIRS = [
    pytest.param(work, kind, id=f"{work.agent}, {kind.name}") for work in works(TINY) for kind in work.clients
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    for python in (BENCH_PYTHON, CLIENTS_PYTHON):
        if not python.exists():
            unavailable("needs the environments of the benchmarks: make setup")
    with Server() as running:
        yield running


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("work", "kind"), PAIRS)
def test_each_client_gets_through_each_work(server: Server, work: Work, kind: Kind) -> None:
    figures = measure(server, kind, work)
    assert figures is not None
    value = figures[work.figure]
    assert value is not None
    assert value >= 0
    assert figures.get("lost", 0) == 0


@pytest.mark.parametrize("name", CHECKS)
def test_each_check_passes_what_it_is_given(name: str) -> None:
    assert CHECKS[name]()


def test_every_pool_of_processes_is_measured_and_ours_ends_what_hangs() -> None:
    measured = pool_times(PoolCounts(single=5, in_flight=4, many=8))
    assert list(measured) == list(POOLS)
    for figures in measured.values():
        assert figures["p50"] is not None
        assert figures["per_second"] is not None
    assert measured["process worker"]["late"] is not None
