"""Every policy says of every call what its strictest rule says, and of what none speaks what its risk says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.policy import Policy, Rule

RISKS = ["read", "write", "dangerous"]
STRICTNESS = {"deny": 0, "ask": 1, "allow": 2}

rules = st.builds(
    Rule,
    decision=st.sampled_from(["allow", "ask", "deny"]),
    tool=st.sampled_from(["*", "pay", "p*", "look"]),
    risk=st.sets(st.sampled_from(RISKS)).map(frozenset),
    arguments=st.sampled_from([{}, {"to": "A*"}, {"amount": {"minimum": 10}}, {"to": "A*", "amount": 3}]),
)
calls = st.fixed_dictionaries(
    {}, optional={"to": st.sampled_from(["Anna", "Bob"]), "amount": st.sampled_from([3, 30])}
)


def fits(rule: Rule, tool: str, risk: str, arguments: dict[str, Any]) -> bool:
    """Whether a rule applies, said once more in the plainest way."""
    name = {"*": True, "pay": tool == "pay", "p*": tool.startswith("p"), "look": tool == "look"}[rule.tool]
    wanted = {
        "to": arguments.get("to", "").startswith("A"),
        "amount": arguments.get("amount", 0) >= 10
        if isinstance(rule.arguments.get("amount"), dict)
        else arguments.get("amount") == 3,
    }
    return name and (not rule.risk or risk in rule.risk) and all(wanted[place] for place in rule.arguments)


@given(st.lists(rules, max_size=6), st.sampled_from(["pay", "look", "sing"]), st.sampled_from(RISKS), calls)
def test_deny_beats_ask_beats_allow_and_what_is_dangerous_must_be_listed(
    said: list[Rule], tool: str, risk: str, arguments: dict[str, Any]
) -> None:
    decision, rule = Policy(said).decide(tool, risk, arguments)
    applying = [one for one in said if fits(one, tool, risk, arguments)]
    if applying:
        assert decision == min((one.decision for one in applying), key=STRICTNESS.__getitem__)
        assert rule in applying
    else:
        assert (decision, rule) == ("deny" if risk == "dangerous" else "allow", None)


@given(
    st.lists(rules, max_size=6), st.sampled_from(["pay", "look"]), st.sampled_from(RISKS), calls, st.randoms()
)
def test_the_order_of_rules_does_not_count(
    said: list[Rule], tool: str, risk: str, arguments: dict[str, Any], random: Any
) -> None:
    shuffled = random.sample(said, len(said))
    assert Policy(said).decide(tool, risk, arguments)[0] == Policy(shuffled).decide(tool, risk, arguments)[0]


@pytest.mark.parametrize("risk", ["", "Read", "unheard of"])
def test_a_risk_that_is_not_known_counts_as_dangerous(risk: str) -> None:
    assert Policy().decide("pay", risk, {})[0] == "deny"


def test_a_rule_that_denies_needs_one_value_that_fits_and_one_that_allows_needs_all() -> None:
    arguments = {"to": ["ann@ours.org", "eve@evil.com"]}
    denied = Policy([Rule("deny", arguments={"to": "*@evil.com"})])
    allowed = Policy([Rule("allow", arguments={"to": "*@ours.org"})])
    assert denied.decide("mail", "write", arguments)[0] == "deny"
    assert allowed.decide("mail", "dangerous", arguments)[0] == "deny"
    assert allowed.decide("mail", "dangerous", {"to": ["ann@ours.org"]})[0] == "allow"


@pytest.mark.parametrize("arguments", [{}, {"to": []}, {"people": [{"to": "a@ours.org"}, {}]}])
def test_a_rule_that_allows_does_not_apply_where_a_value_is_missing(arguments: dict[str, Any]) -> None:
    policy = Policy([Rule("allow", arguments={"to": "*"}), Rule("allow", arguments={"people.to": "*"})])
    assert policy.decide("mail", "dangerous", arguments)[0] == "deny"


def test_a_rule_refuses_what_is_no_pattern_and_says_where() -> None:
    with pytest.raises(ValueError, match=r"^card\.number: a pattern is text"):
        Rule("deny", arguments={"card.number": None})


@pytest.mark.parametrize(
    "limits", [{"calls_per_minute": 0}, {"repeat_limit": -1}, {"tool_calls_per_minute": {"pay": 0}}]
)
def test_a_limit_that_lets_nothing_run_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a limit is at least 1"):
        Policy(**limits)
