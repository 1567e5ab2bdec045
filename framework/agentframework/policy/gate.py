"""The gate of one session: every call passes it before it runs, whichever way it has come."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict

from agentframework.policy import wording
from agentframework.policy.canonical import hash_of
from agentframework.policy.rates import Rate, Rates
from agentframework.policy.repeats import Key, Repeats
from agentframework.policy.rules import HARMLESS, Policy
from agentframework.policy.verdicts import Ask, Attempt, Deny, Join, Replay, Run, Verdict

__all__ = ["Gate"]

_ALLOWED = Run("allowed")
_APPROVED = Run("approved")
_KEYS_KEPT = 4096


class Gate:
    """Judges the calls of one session by a policy that nothing changes while it lives.

    Safe on any thread. `now` is the caller's monotonic clock. The caller brings the answer to an `Ask` to `conclude`,
    and calls `settled` for each call that was judged, as soon as its code runs no more or never will.
    """

    def __init__(self, policy: Policy, session_id: str = "") -> None:
        self._policy = policy
        self._session_id = session_id
        self._lock = threading.Lock()
        self._asked: dict[str, Ask] = {}
        self._repeats = Repeats(policy.duplicate_window)
        self._calls = None if policy.calls_per_minute is None else Rate(policy.calls_per_minute)
        self._equal_calls = None if policy.repeat_limit is None else Rates(policy.repeat_limit)
        self._by_tool = {name: Rate(most) for name, most in policy.tool_calls_per_minute.items()}
        self._keys: OrderedDict[Key, tuple[str, float]] = OrderedDict()
        self._keys_given = 0
        self._is_simple = not (
            policy.rules or self._by_tool or policy.calls_per_minute or policy.repeat_limit
        )

    def judge(self, attempt: Attempt, now: float) -> Verdict:
        """What is to be done with a call. Raises what `hash_of` does where the arguments are no JSON."""
        if self._is_simple and attempt.idempotent is not False and attempt.risk in HARMLESS:
            return _ALLOWED
        key = (attempt.tool, hash_of(attempt.tool, attempt.arguments)) if self._needs_hash(attempt) else None
        runaway = self._runaway(attempt, key, now)
        if runaway is not None:
            return runaway
        decision, rule = self._policy.decide(attempt.tool, attempt.risk, attempt.arguments)
        if decision == "deny":
            return wording.denied(attempt.tool, attempt.risk, rule)
        name = "" if rule is None else rule.name
        with self._lock:
            return self._admit(attempt, key, name if decision == "ask" else None, now)

    def conclude(
        self, request: Ask, approved: bool, attempt: Attempt, now: float, *, why: str = ""
    ) -> Run | Deny:
        """Take the answer to an `Ask`: once, for exactly the call that was asked for, and in time.

        `why` says in a few words why it was not approved, where that is known.
        """
        with self._lock:
            asked = self._asked.get(request.call_id)
            if asked is request:
                del self._asked[request.call_id]
        if asked is not request:
            return wording.not_approved(attempt.tool, "an approval counts once")
        if (attempt.call_id, attempt.tool) != (request.call_id, request.tool) or (
            hash_of(attempt.tool, attempt.arguments) != request.hash
        ):
            return wording.not_approved(attempt.tool, "the approval was for another call")
        if now >= request.deadline:
            return wording.not_approved(attempt.tool, "nobody approved it in time")
        if approved is not True:
            return wording.not_approved(attempt.tool, why or "it was not approved")
        return _APPROVED

    def settled(self, call_id: str, *, ok: bool, text: str, now: float) -> tuple[str, ...]:
        """A call has ended; the ids of those that joined it, to be answered with the same text.

        A call that was answered because its time was over and still runs has not ended: until it has, the same call
        joins it.
        """
        with self._lock:
            self._asked.pop(call_id, None)
            return self._repeats.settle(call_id, ok=ok, text=text, now=now)

    def idempotency_key(self, attempt: Attempt, now: float) -> str:
        """What is the same for the same tool and arguments, as long as it is asked for again within the window."""
        key = (attempt.tool, hash_of(attempt.tool, attempt.arguments))
        with self._lock:
            given, at = self._keys.pop(key, ("", -math.inf))
            if now - at >= self._policy.duplicate_window:
                self._keys_given += 1
                source = f"{self._session_id}/{key[0]}/{key[1]}/{self._keys_given}"
                given = hashlib.sha256(source.encode()).hexdigest()[:32]
            self._keys[key] = (given, now)
            while len(self._keys) > _KEYS_KEPT or self._is_stale(now):
                self._keys.popitem(last=False)
            return given

    def _is_stale(self, now: float) -> bool:
        _, at = next(iter(self._keys.values()))
        return now - at >= self._policy.duplicate_window

    def _needs_hash(self, attempt: Attempt) -> bool:
        return attempt.idempotent is False or self._equal_calls is not None

    def _runaway(self, attempt: Attempt, key: Key | None, now: float) -> Deny | None:
        """Count the call, and stop it where there are too many."""
        with self._lock:
            if self._equal_calls is not None and key is not None:
                rate = self._equal_calls.of(key, now)
                is_beyond, is_first = rate.trips(now)
                if is_beyond:
                    return wording.repeated(attempt.tool, rate.most, is_first=is_first)
            if self._calls is not None:
                is_beyond, is_first = self._calls.trips(now)
                if is_beyond:
                    return wording.too_many(attempt.tool, self._calls.most, is_first=is_first)
        return None

    def _admit(self, attempt: Attempt, key: Key | None, rule: str | None, now: float) -> Verdict:
        """Run what the rules let through, or have it asked for by `rule`; not twice, and not too often."""
        is_once = attempt.idempotent is False and key is not None
        if attempt.call_id in self._asked or self._repeats.is_under_way(attempt.call_id):
            return wording.same_id(attempt.tool)
        if is_once and key is not None:
            again = self._again(attempt.call_id, key, now)
            if again is not None:
                return again
        limit = self._by_tool.get(attempt.tool)
        if limit is not None:
            wait = limit.wait(now)
            if wait > 0:
                return wording.limited(attempt.tool, limit.most, wait)
            limit.count(now)
        if is_once and key is not None:
            self._repeats.lead(attempt.call_id, key)
        if rule is None:
            return _ALLOWED
        timeout = self._policy.approval_timeout
        ask = Ask(
            attempt.call_id,
            attempt.tool,
            hash_of(attempt.tool, attempt.arguments) if key is None else key[1],
            timeout,
            now + timeout,
            rule,
        )
        self._asked[attempt.call_id] = ask
        return ask

    def _again(self, call_id: str, key: Key, now: float) -> Join | Replay | None:
        leader = self._repeats.leader_of(key)
        if leader is not None:
            self._repeats.join(call_id, key)
            return Join(leader)
        done = self._repeats.done(key, now)
        return None if done is None else wording.replayed(key[0], *done)
