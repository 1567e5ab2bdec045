"""What the model is told where a tool has no result of its own: one sentence for each way to end."""

from __future__ import annotations

from agentframework.protocol.ledger import Outcome

__all__ = [
    "HEARD_AS_RESULT",
    "busy",
    "cancelled",
    "connection_lost",
    "internal_error",
    "interrupted",
    "late",
    "no_time",
    "no_worker",
    "not_approved",
    "not_begun",
    "not_judged",
    "shutdown",
    "spoken_over",
    "still_held",
    "timeout",
    "unknown_tool",
    "worker_died",
]

HEARD_AS_RESULT = frozenset({Outcome.BAD_ARGUMENTS, Outcome.TOOL_ERROR})
"""The errors that `error_text = "result"` sends as ordinary results: the model can act on them."""


def unknown_tool(name: str, nearest: str | None) -> str:
    """The agent called a tool that is not there."""
    if not name:
        return "The call names no tool. Call again with the name of a tool."
    hint = f" There is one called {nearest}." if nearest else ""
    return f"There is no tool called {name[:64]} here.{hint}"


def timeout(name: str, seconds: float) -> str:
    """The deadline has passed; the tool may go on."""
    return (
        f"{name} did not finish within {seconds:g} seconds. It may still complete, "
        "so do not call it again for the same thing."
    )


def no_time(name: str) -> str:
    """The deadline has passed where the tool was to run."""
    return (
        f"{name} did not finish in time. It may have done a part of its work, "
        "so do not call it again for the same thing."
    )


def internal_error(name: str, error_id: str) -> str:
    """The tool raised something that was not meant for the model."""
    return f"{name} failed because of an internal error (id {error_id}). It did not give a result."


def busy(name: str) -> str:
    """Too many calls are open."""
    return (
        f"Too many tool calls are open, so {name} was not run. Wait for an answer before you call it again."
    )


def still_held(name: str) -> str:
    """Calls that were given up and still run hold all the places that it could have."""
    return f"{name} was not run because earlier calls that took too long still hold it up. Do not call it again now."


def cancelled(name: str) -> str:
    """The tool's coroutine was cancelled."""
    return f"{name} was cancelled before it gave a result."


def shutdown(name: str) -> str:
    """The conversation ends while the tool runs."""
    return f"{name} was stopped because the conversation is ending."


def not_begun(name: str) -> str:
    """The call came when the conversation was ending already."""
    return f"{name} was not run because the conversation is ending."


def connection_lost(name: str) -> str:
    """The connection broke while the tool ran; for the record, since nobody is there to be told."""
    return f"{name} was stopped because the connection was lost."


def interrupted(name: str) -> str:
    """The user has interrupted the agent, and the tool is cancelled by that."""
    return f"{name} was stopped because the user spoke."


def spoken_over(name: str) -> str:
    """The tool waits for silence before it acts, and the user speaks."""
    return (
        f"{name} was not run because the user spoke. Listen first, and call it again if it is still wanted."
    )


def not_judged(name: str) -> str:
    """The policy failed."""
    return f"{name} was not run because it could not be checked whether it is allowed."


def not_approved(name: str, why: str) -> str:
    """Somebody was asked, and did not approve."""
    return f"{name} was not run: {why}."


def worker_died(name: str) -> str:
    """The process that ran it is gone."""
    return (
        f"{name} gave no result: the process that ran it ended. It may have done a part of its work, "
        "so do not call it again for the same thing."
    )


def no_worker(name: str) -> str:
    """There is nothing that could run it."""
    return f"{name} was not run because what runs it is not available right now. Try again later."


def late(name: str, text: str, *, is_error: bool) -> str:
    """What the agent is told of a call that it has given up, where the tool asks for that."""
    came = "has failed meanwhile" if is_error else "has finished meanwhile"
    return f"The call of {name} that took too long {came}: {text}"
