"""A marked value is seen by the handler alone: not in what is shown of the arguments, and in no error text."""

from __future__ import annotations

import copy
import json
import typing
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from agentframework import ArgumentsError, Sensitive, Tool, ToolContext, ToolDefinitionError, ToolError
from agentframework.tools.sensitive import HIDDEN

CANARY = "canary-4111"
MARKED = {"type": "string", "x-sensitive": True}


def declared(properties: dict[str, Any], **more: Any) -> Tool[..., Any]:
    return Tool("pay", lambda **given: None, parameters={"properties": properties, **more})


@dataclass
class Account:
    iban: Annotated[str, Sensitive]
    bank: str = "mine"


class Card(BaseModel):
    number: Annotated[str, Sensitive, Field(min_length=4)]
    holder: str


def pay(
    amount: int,
    pin: Annotated[str, Sensitive],
    card: Card | None = None,
    accounts: list[Account] = [],  # noqa: B006  never changed
    notes: Annotated[dict[str, str], Sensitive()] = {},  # noqa: B006
    by_name: dict[str, Annotated[int, Sensitive]] = {},  # noqa: B006
    token: SecretStr = SecretStr(""),  # noqa: B008  never changed
) -> str:
    return "paid"


PAY: Tool[..., Any] = Tool("pay", pay)


def test_a_tool_names_its_marked_places() -> None:
    assert PAY.sensitive == ("pin", "card.number", "accounts[].iban", "notes", "by_name.*", "token")
    assert Tool("add", lambda a, b: a + b).sensitive == ()


def test_marked_values_are_replaced_and_the_others_stay() -> None:
    sent = {
        "amount": 7,
        "pin": CANARY,
        "card": {"number": CANARY, "holder": "Ada"},
        "accounts": [{"iban": CANARY, "bank": "b"}, {"iban": CANARY}],
        "notes": {"any": CANARY},
        "by_name": {"Ada": 4111},
        "token": CANARY,
    }
    before = copy.deepcopy(sent)
    assert PAY.masked(sent) == {
        "amount": 7,
        "pin": HIDDEN,
        "card": {"number": HIDDEN, "holder": "Ada"},
        "accounts": [{"iban": HIDDEN, "bank": "b"}, {"iban": HIDDEN}],
        "notes": HIDDEN,
        "by_name": {"Ada": HIDDEN},
        "token": HIDDEN,
    }
    assert sent == before
    assert PAY.read_arguments(sent)["pin"] == CANARY


def test_where_nothing_is_marked_nothing_is_copied() -> None:
    sent = {"a": [1]}
    assert declared({"a": {}}).masked(sent) is sent
    assert PAY.masked(None) is None


# what a schema does not foresee is hidden, because nobody can tell what it is
SENT_WRONG: list[tuple[object, object]] = [
    (CANARY, HIDDEN),
    (json.dumps({"pin": CANARY}), HIDDEN),
    ([CANARY], [HIDDEN]),
    (4111, HIDDEN),
    ({"Pin": CANARY, "amount": 7}, {"Pin": HIDDEN, "amount": 7}),
    ({"card": CANARY}, {"card": HIDDEN}),
    ({"card": json.dumps({"number": CANARY})}, {"card": HIDDEN}),
    ({"card": [CANARY]}, {"card": [HIDDEN]}),
    ({"card": None}, {"card": None}),
    ({"card": {"nummer": CANARY, "holder": "Ada"}}, {"card": {"nummer": HIDDEN, "holder": "Ada"}}),
    ({"accounts": {"iban": CANARY}}, {"accounts": {"iban": HIDDEN}}),
    ({"accounts": [CANARY, [CANARY]]}, {"accounts": [HIDDEN, [HIDDEN]]}),
    ({"amount": {"x": [1]}}, {"amount": {"x": [1]}}),
    ({1: CANARY}, {1: HIDDEN}),
    ({"pin": {CANARY}}, {"pin": HIDDEN}),
]


@pytest.mark.parametrize(("sent", "shown"), SENT_WRONG)
def test_what_does_not_fit_is_masked_as_it_came(sent: object, shown: object) -> None:
    assert PAY.masked(sent) == shown


@pytest.mark.parametrize(
    ("rules", "sent", "shown"),
    [
        ({"$ref": "#/$defs/s"}, CANARY, HIDDEN),
        ({"$ref": "#/$defs/card"}, {"n": CANARY, "o": 1}, {"n": HIDDEN, "o": 1}),
        ({"anyOf": [{"type": "integer"}, MARKED]}, CANARY, HIDDEN),
        ({"oneOf": [{"type": "object"}, {"$ref": "#/$defs/card"}]}, {"n": CANARY}, {"n": HIDDEN}),
        ({"allOf": [{"$ref": "#/$defs/card"}, {"required": ["n"]}]}, {"n": CANARY}, {"n": HIDDEN}),
        ({"if": {}, "then": {"$ref": "#/$defs/card"}}, {"n": CANARY}, {"n": HIDDEN}),
        ({"dependentSchemas": {"n": {"$ref": "#/$defs/card"}}}, {"n": CANARY}, {"n": HIDDEN}),
        ({"patternProperties": {"^a": MARKED}}, {"ab": CANARY}, {"ab": HIDDEN}),
        ({"additionalProperties": MARKED}, {"ab": CANARY}, {"ab": HIDDEN}),
        ({"propertyNames": MARKED}, {CANARY: 1}, HIDDEN),
        ({"prefixItems": [{}, MARKED], "items": {}}, [1, CANARY, 2], [1, HIDDEN, 2]),
        ({"items": {"items": MARKED}}, [[CANARY], []], [[HIDDEN], []]),
        ({"contains": MARKED}, [CANARY], [HIDDEN]),
        ({"$ref": "#/$defs/node"}, {"next": {"s": CANARY}, "v": 1}, {"next": {"s": HIDDEN}, "v": 1}),
        ({"format": "password"}, CANARY, HIDDEN),
        ({"x-sensitive": False}, "seen", "seen"),
    ],
    ids=str,
)
def test_a_mark_counts_wherever_it_stands_in_a_schema(rules: Any, sent: object, shown: object) -> None:
    card = {"properties": {"n": MARKED, "o": {}}}
    node = {"properties": {"next": {"$ref": "#/$defs/node"}, "s": MARKED, "v": {}}}
    one = declared({"v": rules, "w": MARKED}, **{"$defs": {"s": MARKED, "card": card, "node": node}})
    assert one.masked({"v": sent}) == {"v": shown}


def test_a_mark_beside_a_reference_counts_in_draft_7_too() -> None:
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"text": {"type": "string"}},
        "properties": {"v": {"$ref": "#/definitions/text", "x-sensitive": True}},
    }
    one: Tool[..., Any] = Tool("pay", lambda **given: None, parameters=document)
    assert one.masked({"v": CANARY}) == {"v": HIDDEN}


def test_a_mark_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(ToolDefinitionError, match="x-sensitive = 'yes'; x-sensitive is true or false"):
        declared({"v": {"x-sensitive": "yes"}})


def test_a_mark_keeps_no_schema_from_the_fast_check() -> None:
    assert declared({"v": MARKED})._checked.fast_check is not None


def test_deep_and_large_values_are_masked_all_the_same() -> None:
    node = {"properties": {"next": {"$ref": "#/$defs/node"}, "s": MARKED}}
    one = declared({"v": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": node}})
    value: dict[str, Any] = {"s": CANARY}
    for _ in range(5000):
        value = {"next": value, "s": CANARY}
    shown = one.masked({"v": value})
    for _ in range(64):
        shown = shown.get("v") or shown["next"]
    assert shown == {"next": HIDDEN, "s": HIDDEN}


def test_of_very_many_values_the_first_are_looked_at_and_the_others_hidden() -> None:
    """The wire asks, and all conversations wait for it."""
    cards = [{"number": CANARY, "holder": "Ada"} for _ in range(100_000)]
    shown = PAY.masked({"accounts": cards, "amount": 7})["accounts"]
    assert len(shown) == 100_000
    assert shown[0] == {"number": HIDDEN, "holder": HIDDEN}
    assert shown[-1] == HIDDEN
    plain = list(range(100_000))
    assert PAY.masked({"amount": plain, "pin": CANARY})["amount"] is plain


def test_a_text_is_given_up_where_too_many_values_would_have_to_be_taken_out() -> None:
    notes = {"notes": {f"name {number}": f"{CANARY}-{number}" for number in range(2_000)}}
    assert PAY.without_sensitive("a traceback", notes) == HIDDEN


def test_a_field_that_is_declared_as_anything_is_shown() -> None:
    assert declared({"v": True, "w": MARKED}).masked({"v": [1], "w": CANARY}) == {"v": [1], "w": HIDDEN}


def refusal(sent: object, one: Tool[..., Any] = PAY) -> str:
    context = ToolContext("c", "1", "pay", 0.0, typing.cast(Any, None))
    with pytest.raises(ArgumentsError) as caught:
        one.bind(one.read_arguments(sent), context)
    told = str(caught.value)
    return told.removeprefix("The arguments of pay do not fit. ").removesuffix(
        ". Call pay again with this corrected."
    )


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"amount": 7, "pin": 4111}, "pin: expected text, got a value that is not shown"),
        ({"amount": 7}, "pin: expected text, got nothing (it is required)"),
        (
            {"amount": "x", "pin": CANARY},
            'amount: expected a whole number, got the text "x"',
        ),
        (
            {"amount": 7, "pin": "1", "Pinn": CANARY},
            "Pinn: expected no field of this name (did you mean pin?), got a value that is not shown",
        ),
        (
            {"amount": 7, "pin": "1", "card": {"number": "411", "holder": "Ada"}},
            "card.number: expected text of at least 4 characters, got a value that is not shown",
        ),
        (
            {"amount": 7, "pin": "1", "card": {"number": CANARY}},
            "card.holder: expected text, got nothing (it is required)",
        ),
        (
            {"amount": 7, "pin": "1", "notes": {CANARY: 1}},
            "notes: expected text, got a value that is not shown",
        ),
        (
            {"amount": 7, "pin": "1", "by_name": {"Ada": "4111x"}},
            "by_name.Ada: expected a whole number, got a value that is not shown",
        ),
        (CANARY, "the arguments: expected an object of named values, got a value that is not shown"),
        (
            {"pin": float("nan")},
            "pin: expected a finite number, got a value that is not shown",
        ),
    ],
)
def test_a_message_says_what_is_expected_and_not_what_came(sent: object, told: str) -> None:
    assert refusal(sent) == told


class Order(BaseModel):
    pin: Annotated[str, Sensitive]
    cvv: Annotated[int, Sensitive] = 0
    day: Annotated[str, Sensitive] = ""

    @field_validator("pin")
    @classmethod
    def has_four_digits(cls, pin: str) -> str:
        if pin == "tool error":
            raise ToolError("the pin is not tool error")
        if len(pin) != 4:
            raise ValueError("say the four digits" if len(pin) < 4 else f"{pin.upper()} is not a pin")
        return pin

    @model_validator(mode="after")
    def is_possible(self) -> Order:
        if self.pin == "0000":
            raise ValueError(f"nobody has the pin {self.pin}")
        if self.cvv:
            raise ValueError("a cvv is not needed")
        return self


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"pin": "1"}, "pin: expected text (say the four digits), got a value that is not shown"),
        ({"pin": CANARY}, "pin: expected text, got a value that is not shown"),
        ({"pin": "0000"}, 'the arguments: expected an object with "pin", got an object with "pin"'),
        (
            {"pin": "1234", "cvv": 456},
            'the arguments: expected an object with "pin" (a cvv is not needed), got an object with "pin" and "cvv"',
        ),
        ({"pin": "tool error"}, "the arguments: expected other values, got others"),
    ],
)
def test_an_authors_sentence_is_passed_on_unless_the_value_stands_in_it(sent: object, told: str) -> None:
    def order(order: Order) -> None: ...

    assert refusal(sent, Tool("pay", order, parameters=Order)) == told


def test_a_text_for_the_log_has_the_values_taken_out() -> None:
    sent = {"pin": CANARY, "amount": 7, "card": {"number": "4\n1", "holder": "Ada"}, "by_name": {"Ada": 4111}}
    text = f"ValueError: {CANARY!r} of Ada, {'4' + chr(10) + '1'!r} and 4111, 7"
    assert PAY.without_sensitive(text, sent) == "ValueError: '***' of Ada, '***' and ***, 7"
    assert declared({}).without_sensitive(text, sent) is text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(CANARY) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pin", "card", "number", "accounts", "iban", "by_name", "amount", "holder"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def marked_in(value: object, path: tuple[object, ...] = ()) -> list[object]:
    """What stands at the marked places, told in another way than the code does: by the path alone."""
    found: list[object] = []
    if isinstance(value, dict):
        for name, member in value.items():
            here = (*path, name)
            is_marked = here in ((("pin",)), ("card", "number"), ("token",)) or (
                len(here) == 3 and here[0] == "accounts" and name == "iban" and isinstance(here[1], int)
            )
            found += [member] if is_marked else marked_in(member, here)
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += marked_in(item, (*path, index))
    return found


@given(values)
def test_whatever_is_sent_marked_places_are_hidden_and_no_message_holds_them(sent: object) -> None:
    shown = PAY.masked(sent)
    assert all(value == HIDDEN for value in marked_in(shown))
    if isinstance(sent, dict) and isinstance(sent.get("amount"), dict | list):
        assert shown["amount"] is sent["amount"]
    try:
        PAY.read_arguments(sent)
    except ArgumentsError as error:
        if CANARY in str(error):
            # shown where it is no secret: as the amount, which is not marked, or as a holder's name
            assert CANARY in json.dumps(shown)
