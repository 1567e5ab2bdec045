"""The benchmarks run, in small, with every client; nothing here looks at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.checking import CHECKS
from benchmarks.measuring import measure
from benchmarks.plan import TINY, Kind, Work, works
from benchmarks.pools import POOLS, PoolCounts, pool_times
from benchmarks.processes import BENCH_PYTHON, CLIENTS_PYTHON, Server
from benchmarks.sound import FIGURES, OUR_HEADSET, SDK_HEADSET, sound_times
from lacking import unavailable
from sound_server import SoundServer, shared_sound_server, sound_server

__all__ = ["shared_sound_server", "sound_server"]

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


@pytest.mark.soak
@pytest.mark.sound
@pytest.mark.parametrize("headset", [SDK_HEADSET, OUR_HEADSET], ids=lambda headset: headset[1])
def test_each_audio_interface_is_measured(sound_server: SoundServer, headset: tuple[Path, str]) -> None:
    if not headset[0].exists():
        unavailable("needs the environments of the benchmarks: make setup")
    measured = sound_times(sound_server, headset, delays=1)
    assert list(measured) == list(FIGURES)
    assert all(0 < value < 5_000 for value in measured.values()), measured


def test_every_pool_of_processes_is_measured_and_ours_ends_what_hangs() -> None:
    measured = pool_times(PoolCounts(single=5, in_flight=4, many=8))
    assert list(measured) == list(POOLS)
    for figures in measured.values():
        assert figures["p50"] is not None
        assert figures["per_second"] is not None
    assert measured["process worker"]["late"] is not None
