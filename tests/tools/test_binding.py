"""Checked arguments become the handler's call: by keyword, as a dict, as a model, or as a signature's values."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import json
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from agentframework.errors import ArgumentsError, ToolError
from agentframework.tools.context import ToolContext
from agentframework.tools.tool import Tool

DAY = dt.date(2026, 1, 1)


class Unit(enum.Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 5


class Address(BaseModel):
    street: str
    since: dt.date = dt.date(2020, 1, 1)


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: dt.date
    unit: Unit
    pair: tuple[int, int]


def returned(handler: Callable[..., Any], sent: object, context: ToolContext, parameters: Any = None) -> Any:
    """What the handler returns when it is called with what was sent."""
    tool = Tool("a_tool", handler, parameters=parameters)
    args, kwargs = tool.bind(tool.read_arguments(sent), context)
    return handler(*args, **kwargs)


def value_of(annotation: object, sent: object, context: ToolContext) -> Any:
    def handler(v: Any) -> Any:
        return v

    handler.__annotations__["v"] = annotation
    return returned(handler, {"v": sent}, context)


@pytest.mark.parametrize(
    ("annotation", "sent", "value"),
    [
        (int, 7, 7),
        (int, 7.0, 7),
        (float, 7, 7.0),
        (float, "7", 7.0),
        (str, '{"a": 1}', '{"a": 1}'),
        (Any, {"a": [7.0]}, {"a": [7.0]}),
        (dt.date, "2026-11-22", dt.date(2026, 11, 22)),
        (dt.datetime, "2026-11-22T16:38:00Z", dt.datetime(2026, 11, 22, 16, 38, tzinfo=dt.UTC)),
        (dt.timedelta, "PT90S", dt.timedelta(seconds=90)),
        (uuid.UUID, "00000000-0000-0000-0000-000000000005", uuid.UUID(int=5)),
        (decimal.Decimal, "1.50", decimal.Decimal("1.50")),
        (bytes, "hi", b"hi"),
        (set[int], [1, 2], {1, 2}),
        (tuple[int, str], [1, "a"], (1, "a")),
        (Unit, "c", Unit.CELSIUS),
        (Unit, "C", Unit.CELSIUS),
        (Literal["fast"], "FAST", "fast"),
        (int | None, None, None),
        (Point, {"x": 1}, Point(1, 5)),
        (Point, '{"x": "1"}', Point(1, 5)),
        (list[Address], [{"street": "a"}], [Address(street="a")]),
        (dict[str, Address], {"a": {"street": "a"}}, {"a": Address(street="a")}),
        (Annotated[int, AfterValidator(lambda value: value * 2)], 4, 8),
        (
            Strict,
            {"day": "2026-11-22", "unit": "f", "pair": [1, 2]},
            Strict(day=dt.date(2026, 11, 22), unit=Unit.FAHRENHEIT, pair=(1, 2)),
        ),
    ],
)  # fmt: skip
def test_an_annotation_builds_its_value(
    annotation: object, sent: object, value: object, context: ToolContext
) -> None:
    got = value_of(annotation, sent, context)
    assert got == value
    assert type(got) is type(value)


def test_defaults_are_filled_in(context: ToolContext) -> None:
    marker = object()

    def handler(
        a: int = 1, b: Unit = Unit.CELSIUS, c: Any = marker, d: int = Field(default=4), *, e: dt.date = DAY
    ) -> Any:
        return a, b, c, d, e

    assert returned(handler, {}, context) == (1, Unit.CELSIUS, marker, 4, DAY)


def test_a_default_list_is_a_new_one_for_each_call(context: ToolContext) -> None:
    def handler(tags: list[str] = []) -> list[str]:  # noqa: B006
        tags.append("changed")
        return tags

    assert returned(handler, {}, context) == ["changed"]
    assert returned(handler, {}, context) == ["changed"]


def test_an_alias_is_taken_to_its_parameter(context: ToolContext) -> None:
    def handler(from_: Annotated[str, Field(alias="from")], json: int = 1) -> Any:
        return from_, json

    assert returned(handler, {"from": "Oslo", "json": 2}, context) == ("Oslo", 2)


def test_further_arguments_go_to_kwargs(context: ToolContext) -> None:
    def handler(a: int, **more: dt.date) -> Any:
        return a, more

    sent = {"a": 1, "p0": "2026-01-01", "self": "2026-01-02"}
    assert returned(handler, sent, context) == (1, {"p0": dt.date(2026, 1, 1), "self": dt.date(2026, 1, 2)})


def test_names_that_look_special_are_ordinary_arguments(context: ToolContext) -> None:
    def handler(self, ctx, session, tool_call_id, call: ToolContext):  # type: ignore[no-untyped-def]
        return self, ctx, session, tool_call_id, call

    sent = {"self": 1, "ctx": 2, "session": 3, "tool_call_id": "mine"}
    assert returned(handler, sent, context) == (1, 2, 3, "mine", context)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "tags": {"type": "array"}},
    "required": ["city"],
}


def test_a_declared_schema_gives_keyword_arguments_as_they_came(context: ToolContext) -> None:
    def handler(city: str, tags: list[Any] | None = None, *, call: ToolContext) -> Any:
        return city, tags, call

    assert returned(handler, {"city": "Oslo"}, context, SCHEMA) == ("Oslo", None, context)
    assert returned(handler, {"city": "Oslo", "tags": "[1]"}, context, SCHEMA) == ("Oslo", [1], context)


def test_what_a_declared_schema_allows_without_naming_it_goes_to_kwargs_or_nowhere(
    context: ToolContext,
) -> None:
    def named(city: str, tags: Any = None) -> Any:
        return city, tags

    def any_name(city: str, **more: Any) -> Any:
        return city, more

    sent = {"city": "Oslo", "other": 1}
    assert returned(named, sent, context, SCHEMA) == ("Oslo", None)
    assert returned(any_name, sent, context, SCHEMA) == ("Oslo", {"other": 1})


def test_a_handler_may_take_all_arguments_as_one_dict(context: ToolContext) -> None:
    def handler(arguments: dict[str, Any], call: ToolContext) -> Any:
        return arguments, call

    sent = {"city": "Oslo", "other": 1}
    assert returned(handler, sent, context, SCHEMA) == (sent, context)


def test_a_handler_cannot_change_what_policy_and_audit_hold(context: ToolContext) -> None:
    def by_name(city: str, tags: list[Any]) -> None:
        tags.append("changed")

    def as_dict(arguments: dict[str, Any]) -> None:
        arguments["tags"].append("changed")
        arguments["city"] = "changed"

    def inferred(city: str, tags: Any) -> None:
        tags.append("changed")

    schema = {**SCHEMA, "required": ["city", "tags"]}
    for handler, parameters in ((by_name, schema), (as_dict, schema), (inferred, None)):
        tool = Tool("a_tool", handler, parameters=parameters)
        arguments = tool.read_arguments({"city": "Oslo", "tags": [1]})
        args, kwargs = tool.bind(arguments, context)
        handler(*args, **kwargs)
        assert arguments == {"city": "Oslo", "tags": [1]}


def test_a_model_comes_as_one_instance(context: ToolContext) -> None:
    def handler(call: ToolContext, address: Address) -> Any:
        return call, address

    assert returned(handler, {"street": "a"}, context, Address) == (context, Address(street="a"))


def test_what_a_model_ignores_is_ignored(context: ToolContext) -> None:
    assert returned(lambda a: a, {"street": "a", "other": 1}, context, Address) == Address(street="a")


class Event(BaseModel):
    name: str
    end: dt.date

    @field_validator("name")
    @classmethod
    def is_no_secret(cls, name: str) -> str:
        if name == "value":
            raise ValueError("choose another name")
        if name == "tool":
            raise ToolError("The calendar has no such name.")
        if name == "bug":
            return name[100]
        return name


def refusal(name: object, context: ToolContext) -> ArgumentsError:
    tool = Tool("book", lambda event: event, parameters=Event)
    with pytest.raises(ArgumentsError) as caught:
        tool.bind(tool.read_arguments({"name": name, "end": "2026-01-01"}), context)
    return caught.value


def test_what_a_validator_says_is_told(context: ToolContext) -> None:
    assert str(refusal("value", context)) == (
        'The arguments of book do not fit. name: expected text (choose another name), got the text "value". '
        "Call book again with this corrected."
    )


def test_a_tool_error_of_a_validator_is_told_word_for_word(context: ToolContext) -> None:
    assert "The calendar has no such name." in str(refusal("tool", context))


def test_a_bug_in_a_validator_is_a_refusal_whose_cause_is_kept(context: ToolContext) -> None:
    error = refusal("bug", context)
    assert "values on which the check failed" in str(error)
    assert "index" not in str(error)
    assert isinstance(error.__cause__, IndexError)


def test_what_pydantic_shows_of_the_values_is_not_chained(context: ToolContext) -> None:
    error = refusal("value", context)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_half_a_character_is_refused(context: ToolContext) -> None:
    assert "name: expected whole characters, got half of one" in str(refusal("\ud800", context))


@pytest.mark.parametrize("sent", [{"street": "a\udc00"}, {"street": "a", "\ud800": 1}], ids=ascii)
def test_half_a_character_within_a_model_is_refused_by_its_place(
    sent: dict[str, Any], context: ToolContext
) -> None:
    def handler(address: Address) -> None: ...

    tool = Tool("a_tool", handler)
    place = "address.street" if len(sent) == 1 else "address."
    with pytest.raises(ArgumentsError, match=f"{place}.*: expected whole characters, got half of one"):
        tool.bind(tool.read_arguments({"address": sent}), context)


def test_a_model_that_is_built_late_is_built_in_time(context: ToolContext) -> None:
    class Late(BaseModel, defer_build=True):
        day: dt.date

    def handler(late: Any) -> Any:
        return late

    late = returned(handler, {"day": "2026-01-01"}, context, parameters=Late)
    assert isinstance(late, Late)
    assert late.day == DAY


def every_kind(
    a: int,
    b: dt.date,
    c: list[Address],
    d: Strict | Point | None = None,
    e: Annotated[float, Field(gt=0)] = 1,
    **f: Unit,
) -> None:
    """Takes a bit of everything."""


def by_model(model: BaseModel) -> None:
    """Takes a model."""


def by_name(city: str, tags: object = ()) -> None:
    """Takes what the schema names."""


TOOLS: list[Tool[..., Any]] = [
    Tool("every_kind", every_kind),
    Tool("book", by_model, parameters=Event),
    Tool("strict", by_model, parameters=Strict),
    Tool("by_name", by_name, parameters=SCHEMA),
]
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters())
likely = scalars | st.sampled_from(
    ["7", "2026-01-01", "[1, 2]", '{"street": "a"}', "c", "bug", "value", {"x": 1}]
)
json_values = st.recursive(
    likely,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "street", "day"]), inner)
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tool=st.sampled_from(TOOLS),
    sent=st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e", "name", "end", "city"]), json_values),
)
def test_whatever_comes_is_bound_or_refused(
    tool: Tool[..., Any], sent: dict[str, Any], context: ToolContext
) -> None:
    try:
        args, kwargs = tool.bind(tool.read_arguments(sent), context)
    except ArgumentsError as error:
        told = str(error)
    else:
        tool.handler(*args, **kwargs)
        told = ""
    told.encode()
    assert len(told) <= 600
    assert "pydantic" not in told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    a=st.integers(-(10**300), 10**300),
    b=st.dates(),
    c=st.lists(st.builds(Address, street=st.text())),
    e=st.floats(0.1, 1e300),
)
def test_what_a_model_writes_is_built_again(
    a: int, b: dt.date, c: list[Address], e: float, context: ToolContext
) -> None:
    sent = {"a": a, "b": b.isoformat(), "c": [json.loads(address.model_dump_json()) for address in c], "e": e}
    _, kwargs = TOOLS[0].bind(TOOLS[0].read_arguments(sent), context)
    assert kwargs == {"a": a, "b": b, "c": c, "d": None, "e": e}
