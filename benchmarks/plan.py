"""What is measured, and with which clients; the counts can be made small for a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import BENCH_PYTHON, CLIENTS_PYTHON, OUR_PYTHON

__all__ = ["FULL", "TINY", "Kind", "Work", "works"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A client: its name in the tables, and how it is run."""

    name: str
    python: Path
    module: str
    arguments: tuple[str, ...] = ()


_SDK = ("--package", "elevenlabs")
_OURS = ("--package", "agentframework")
_SYNC = "benchmarks.clients.sync_door"
_ASYNC = "benchmarks.clients.async_door"
LIMIT = Kind("limit", OUR_PYTHON, "benchmarks.clients.limit")
PICOWS = Kind("limit on picows", BENCH_PYTHON, "benchmarks.clients.limit_picows")
SDK_SYNC = Kind("SDK, Conversation", CLIENTS_PYTHON, _SYNC, _SDK)
SDK_ASYNC = Kind("SDK, AsyncConversation", CLIENTS_PYTHON, _ASYNC, _SDK)
OURS_SYNC = Kind("ours, sync tool", OUR_PYTHON, _SYNC, (*_OURS, "--checked"))
OURS_ASYNC = Kind("ours, async tool", OUR_PYTHON, _SYNC, (*_OURS, "--checked", "--async-tool"))
OURS_LOOP = Kind("ours, AsyncConversation", OUR_PYTHON, _ASYNC, (*_OURS, "--checked"))
PLAIN_SYNC = Kind("ours, sync tool without a schema", OUR_PYTHON, _SYNC, _OURS)
PLAIN_ASYNC = Kind("ours, async tool without a schema", OUR_PYTHON, _SYNC, (*_OURS, "--async-tool"))


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work: the agent that stands for it, the clients that do it, and the figure by which they compare.

    `rounds` is how often at most; `brief` clients do it once, because they take long and nobody awaits a surprise.
    """

    name: str
    agent: str
    figure: str
    unit: str
    clients: tuple[Kind, ...]
    arguments: tuple[str, ...] = ()
    sessions: int = 1
    timeout: float = 60.0
    rounds: int = 100
    brief: tuple[Kind, ...] = ()
    more_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of everything."""

    round_trips: int
    burst: int
    audio: int
    pongs: int
    voices: tuple[int, ...]
    chats: int
    seconds: int


FULL = Counts(2_000, 5_000, 5_000, 20, (50, 200, 500, 1_000), 5_000, 8)
TINY = Counts(20, 50, 50, 2, (3,), 5, 1)


def works(counts: Counts) -> Sequence[Work]:
    """All that goes over the wire, in the order of the tables."""
    doors = (SDK_SYNC, SDK_ASYNC, OURS_SYNC, OURS_LOOP)
    single = (LIMIT, PICOWS, SDK_SYNC, SDK_ASYNC, OURS_SYNC, OURS_ASYNC, OURS_LOOP, PLAIN_SYNC, PLAIN_ASYNC)
    return [
        Work("tool call, one in flight", f"round_trip.{counts.round_trips}", "p50", "ms", single),
        Work(
            f"{counts.burst:,} tool calls at once",
            f"burst.{counts.burst}",
            "per_second",
            "calls/s",
            single,
            more_is_better=True,
        ),
        Work(
            "audio events in",
            f"audio_in.{counts.audio}",
            "per_second",
            "events/s",
            (LIMIT, PICOWS, *doors),
            ("--sound", "speaker"),
            more_is_better=True,
        ),
        Work(
            f"worst pong of {counts.pongs} while a callback sleeps 200 ms",
            f"pongs.{counts.pongs}",
            "worst",
            "ms",
            (LIMIT, *doors),
            ("--nap", "0.2"),
            rounds=2,
        ),
        *(
            Work(
                f"{count:,} voice conversations",
                f"sessions.{count}.{counts.seconds}.4.1000",
                "cpu",
                "s CPU",
                (LIMIT, *((PICOWS,) if count == counts.voices[-1] else ()), *doors),
                ("--sound", "headset"),
                count,
                timeout=counts.seconds * 4 + 60.0,
                rounds=3,
                brief=(PICOWS, SDK_SYNC, SDK_ASYNC),
            )
            for count in counts.voices
        ),
        Work(
            f"{counts.chats:,} idle chats",
            f"sessions.{counts.chats}.{counts.seconds}.0.{counts.seconds * 1000}",
            "cpu",
            "s CPU",
            (LIMIT, SDK_ASYNC, OURS_SYNC, OURS_LOOP),
            (),
            counts.chats,
            timeout=counts.seconds + 120.0,
            rounds=2,
            brief=(SDK_ASYNC,),
        ),
    ]
