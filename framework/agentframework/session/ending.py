"""How a session ended: the details, the error of a start that failed, and what was counted on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentframework.callbacks import DisconnectionDetails
from agentframework.errors import StartError
from agentframework.protocol.client import ClientProtocol, Verdict
from agentframework.session.delivery import Delivery
from agentframework.session.sound import Sound
from agentframework.transports.base import TransportClosedError

__all__ = [
    "LEAST_TIMEOUT",
    "Ending",
    "counts_of",
    "gave_up",
    "start_error",
    "time_for_the_rest",
    "what_was_counted",
]

LEAST_TIMEOUT = 0.4
_END_TIMEOUT, _MOST_TIMEOUT = 2.4, 1.5

_NOTABLE = frozenset({Verdict.STALE_AUDIO, Verdict.REPEATED_METADATA, Verdict.UNKNOWN, Verdict.MALFORMED})


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a session, or one connection of it, ends; the first of several counts.

    `error` is what went wrong, where something did; `timed_out` where nothing came in time.
    """

    details: DisconnectionDetails
    error: BaseException | None = None
    timed_out: bool = False

    @property
    def lost_connection(self) -> bool:
        """Whether the socket went away by itself, or was closed with a code that is no goodbye."""
        return isinstance(self.error, TransportClosedError) and self.error.code != 1000


def start_error(details: DisconnectionDetails) -> StartError:
    """The error for whoever waits for the start of a session that ended before it."""
    if details.reason == "user":
        problem = "the conversation was ended before it had started"
    elif details.close_code is not None:
        said = f" ({details.close_reason})" if details.close_reason else ""
        problem = (
            f"the agent's side closed with {details.close_code}{said} before the conversation had started"
        )
    else:
        problem = details.message or "the conversation could not be started"
    return StartError(
        problem,
        phase=details.phase,
        close_code=details.close_code,
        close_reason=details.close_reason or "",
        hint=details.hint,
    )


def gave_up(ending: Ending, attempts: int) -> Ending:
    """The ending of a session whose last connection ended like this, after so many attempts to reconnect."""
    details = ending.details
    if not attempts or details.reason != "error":
        return ending
    times = "once" if attempts == 1 else f"{attempts} times"
    tried = f"the connection was lost, and making another was tried {times}"
    message = f"{tried}; the last time: {details.message}" if details.message else tried
    return replace(ending, details=replace(details, message=message))


def counts_of(protocol: ClientProtocol) -> Counter[str]:
    """Outcomes of calls, and what was dropped, came twice or was not understood on one connection."""
    ledger = protocol.ledger
    counts: Counter[str] = Counter({outcome.value: count for outcome, count in ledger.outcomes.items()})
    counts.update({verdict.value: n for verdict, n in protocol.counts.items() if verdict in _NOTABLE})
    counts.update({"duplicate calls": ledger.duplicates, "late results": ledger.late})
    counts["microphone blocks dropped"] = protocol.dropped_audio_blocks
    return counts


def what_was_counted(counts: Counter[str], sound: Sound | None, deliveries: Sequence[Delivery]) -> str:
    """One line for those who look; `counts` are those of the session's connections together."""
    counts = counts.copy()
    if sound is not None:
        counts["microphone blocks dropped"] += sound.counts["dropped_blocks"]
        counts["chunks of speech dropped"] = sound.counts["dropped_chunks"]
        counts["underruns"] = sound.counts["underruns"]
        counts["overruns"] = sound.counts["overruns"]
    counts["events dropped"] = sum(delivery.dropped for delivery in deliveries)
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return said or "nothing to count"


def time_for_the_rest(now: float, *since: float | None) -> float:
    """What is left after the goodbye, which may have taken long: an end has its bound as a whole."""
    began = max((one for one in since if one is not None), default=now)
    return min(max(_END_TIMEOUT - (now - began), LEAST_TIMEOUT), _MOST_TIMEOUT)
