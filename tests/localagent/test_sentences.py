"""Results are read back so that they can be listened to."""

from __future__ import annotations

import json

import pytest

from agentframework.localagent.parameters import Parameter, read_parameters
from agentframework.localagent.sentences import expectation, result_sentence


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("It is noon in Oslo.", "It is noon in Oslo."),
        ("17", "roll says: 17."),
        ("ok", "roll says: ok."),
        ("true", "roll says: true."),
        ('{"temperature": 21, "sky_now": "clear"}', "roll says: temperature 21, sky now clear."),
        ('["red", "green"]', "roll says: red, green."),
        ('{"a": [1, {"b": null}], "c": true, "d": {}}', "roll says: a (1, (b nothing)), c yes, d nothing."),
        ("", "roll is done; its answer is empty."),
        ("  \n", "roll is done; its answer is empty."),
        ("[]", "roll is done; its answer is empty."),
        ("{}", "roll is done; its answer is empty."),
        ("{broken", "roll says: {broken."),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_result_is_read_back(result: str, said: str) -> None:
    assert result_sentence("roll", result, is_error=False) == said


def test_an_error_is_said_with_its_text() -> None:
    assert (
        result_sentence("roll", "the die is lost", is_error=True) == "I could not do that: the die is lost."
    )
    assert result_sentence("roll", "", is_error=True) == "I could not do that, and roll gave no reason."


def test_long_results_are_cut_and_it_is_said_by_how_much() -> None:
    said = result_sentence("roll", "word " * 1000, is_error=False)
    assert len(said) < 700
    assert said.startswith("roll says: word word")
    assert said.endswith("characters more.")
    assert "and 988 more" in result_sentence("roll", json.dumps(list(range(1000))), is_error=False)


def test_deep_results_are_cut_at_a_depth() -> None:
    said = result_sentence("roll", "[" * 30 + "7" + "]" * 30, is_error=False)
    assert said == "roll says: (((…)))."
    assert result_sentence("roll", "[" * 5000, is_error=False)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 12}, "a whole number from 1 to 12"),
        ({"type": "number", "exclusiveMinimum": 0}, "a number above 0"),
        (
            {"type": "number", "minimum": 0.5, "exclusiveMaximum": 2},
            "a number of at least 0.5 and below 2",
        ),
        ({"enum": ["red", "blue"]}, "red or blue"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "one or more of a and b"),
        ({"type": "boolean"}, "yes or no"),
        ({"type": "string"}, ""),
    ],
)
def test_what_a_parameter_takes_is_said(schema: dict[str, object], said: str) -> None:
    (parameter,) = read_parameters({"properties": {"x": schema}})
    assert expectation(parameter) == said


def test_a_parameter_of_any_kind_has_words() -> None:
    for kind in ("date", "time", "date-time", "email", "array", "object"):
        assert expectation(Parameter("x", kind))
