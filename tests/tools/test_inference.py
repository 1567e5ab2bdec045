"""A signature becomes a JSON Schema: annotations, defaults, Field and docstring; what JSON cannot say is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import threading
import typing
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, conint

from agentframework.errors import ToolDefinitionError
from agentframework.tools.definition import Definition
from agentframework.tools.inference import SignatureModel, infer_model, schema_of_model
from agentframework.tools.signature import read_signature

HERE = Definition("a_tool", "a plugin")


class Unit(enum.Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Address(BaseModel):
    street: str
    zip_code: int = Field(description="Digits only", alias="zip")


class Person(BaseModel):
    """Somebody."""

    name: str
    address: Address | None = None
    friends: list[Person] = []


class Pair(typing.NamedTuple):
    left: int
    right: str


def infer(handler: Callable[..., Any], said: dict[str, str] | None = None) -> SignatureModel:
    return infer_model(read_signature(handler, HERE), said or {}, HERE)


def property_for(annotation: object) -> Any:
    def handler(v: Any) -> None: ...

    handler.__annotations__["v"] = annotation
    schema = infer(handler).schema
    assert schema["required"] == ["v"]
    return schema["properties"]["v"]


INTEGER, TEXT, NULL = {"type": "integer"}, {"type": "string"}, {"type": "null"}


@pytest.mark.parametrize(
    ("annotation", "rules"),
    [
        (int, INTEGER),
        ("int", INTEGER),
        (float, {"type": "number"}),
        (str, TEXT),
        (bool, {"type": "boolean"}),
        (None, NULL),
        (Any, {}),
        (object, {}),
        (dict, {"type": "object", "additionalProperties": True}),
        (dict[str, int], {"type": "object", "additionalProperties": INTEGER}),
        (list, {"type": "array", "items": {}}),
        (list[int], {"type": "array", "items": INTEGER}),
        ("list[list[str]]", {"type": "array", "items": {"type": "array", "items": TEXT}}),
        (set[int], {"type": "array", "items": INTEGER, "uniqueItems": True}),
        (tuple[int, ...], {"type": "array", "items": INTEGER}),
        (
            tuple[int, str],
            {"type": "array", "prefixItems": [INTEGER, TEXT], "minItems": 2, "maxItems": 2},
        ),
        (int | None, {"anyOf": [INTEGER, NULL]}),
        (Optional[int], {"anyOf": [INTEGER, NULL]}),  # noqa: UP045  people write it so
        (Union[int, str], {"anyOf": [INTEGER, TEXT]}),  # noqa: UP007  people write it so
        ("int | str | None", {"anyOf": [INTEGER, TEXT, NULL]}),
        (Literal["fast"], {"const": "fast", "type": "string"}),
        (Literal["fast", "slow"], {"enum": ["fast", "slow"], "type": "string"}),
        (Literal[1, "a"], {"enum": [1, "a"]}),
        (dt.date, {"type": "string", "format": "date"}),
        (dt.datetime, {"type": "string", "format": "date-time"}),
        (dt.time, {"type": "string", "format": "time"}),
        (dt.timedelta, {"type": "string", "format": "duration"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (pathlib.Path, {"type": "string", "format": "path"}),
        (bytes, {"type": "string", "format": "binary"}),
        (AnyUrl, {"type": "string", "format": "uri", "minLength": 1}),
        (Annotated[int, Field(ge=1, le=10)], {"type": "integer", "minimum": 1, "maximum": 10}),
        (Annotated[str, Field(description="A city")], {"type": "string", "description": "A city"}),
        (Annotated[str, Field(pattern="^a", max_length=3)], {"type": "string", "pattern": "^a", "maxLength": 3}),
        (Annotated[int, "a note of somebody else's"], INTEGER),
        (conint(gt=0), {"type": "integer", "exclusiveMinimum": 0}),
        (Unit, {"$ref": "#/$defs/Unit"}),
        (Point, {"$ref": "#/$defs/Point"}),
        (Address, {"$ref": "#/$defs/Address"}),
        (list[Address], {"type": "array", "items": {"$ref": "#/$defs/Address"}}),
    ],
)  # fmt: skip
def test_an_annotation_becomes_these_rules(annotation: object, rules: dict[str, Any]) -> None:
    assert property_for(annotation) == rules


def test_a_decimal_may_come_as_a_number_or_as_text() -> None:
    assert [choice["type"] for choice in property_for(decimal.Decimal)["anyOf"]] == ["number", "string"]


def test_what_a_model_refers_to_comes_with_it() -> None:
    def handler(unit: Unit, level: Level, point: Point, person: Person) -> None: ...

    definitions = infer(handler).schema["$defs"]
    assert definitions["Unit"] == {"enum": ["c", "f"], "title": "Unit", "type": "string"}
    assert definitions["Level"] == {"enum": [1, 2], "title": "Level", "type": "integer"}
    assert definitions["Point"]["properties"] == {"x": INTEGER, "y": {"type": "integer", "default": 0}}
    assert definitions["Point"]["required"] == ["x"]
    assert definitions["Address"]["properties"]["zip"] == {"type": "integer", "description": "Digits only"}
    assert definitions["Person"]["description"] == "Somebody."
    assert definitions["Person"]["properties"]["friends"]["items"] == {"$ref": "#/$defs/Person"}


def test_a_parameter_without_annotation_takes_any_json_value() -> None:
    def handler(v, w=3): ...  # type: ignore[no-untyped-def]

    assert infer(handler).schema == {
        "type": "object",
        "properties": {"v": {}, "w": {"default": 3}},
        "required": ["v"],
        "additionalProperties": False,
    }


def test_a_handler_without_parameters_takes_nothing() -> None:
    assert infer(lambda: None).schema == {"type": "object", "properties": {}, "additionalProperties": False}


def test_a_default_is_told_where_json_can_say_it() -> None:
    def handler(
        unit: Unit = Unit.CELSIUS, day: dt.date = dt.date(2026, 1, 2), tags: list[str] = [], made: Any = object()  # noqa: B006, B008
    ) -> None: ...  # fmt: skip

    schema = infer(handler).schema
    assert "required" not in schema
    assert schema["properties"]["unit"]["default"] == "c"
    assert schema["properties"]["day"]["default"] == "2026-01-02"
    assert schema["properties"]["tags"]["default"] == []
    assert "default" not in schema["properties"]["made"]


def test_none_as_the_default_means_that_null_is_taken_too() -> None:
    def handler(a: Any = None, b: Any = None, c: int | None = None) -> None: ...

    handler.__annotations__["a"] = int
    handler.__annotations__["b"] = Annotated[int, Field(ge=1, description="B")]
    a, b, c = infer(handler).schema["properties"].values()
    assert a == c == {"anyOf": [INTEGER, NULL], "default": None}
    assert b == {"anyOf": [{"type": "integer", "minimum": 1}, NULL], "default": None, "description": "B"}


def test_a_description_comes_from_the_docstring_unless_a_field_has_one() -> None:
    def handler(a: int, b: Annotated[int, Field(description="from the field")], c: int = 1) -> None: ...

    said = dict.fromkeys("abc", "from the docstring")
    properties = infer(handler, said).schema["properties"]
    assert [properties[name]["description"] for name in "abc"] == [
        "from the docstring",
        "from the field",
        "from the docstring",
    ]


def test_a_field_may_stand_where_the_default_stands() -> None:
    def handler(
        a: int = Field(description="A", ge=1), b: int = Field(default=3, description="B")
    ) -> None: ...

    schema = infer(handler).schema
    assert schema["required"] == ["a"]
    assert schema["properties"]["a"] == {"type": "integer", "minimum": 1, "description": "A"}
    assert schema["properties"]["b"] == {"type": "integer", "default": 3, "description": "B"}


def test_a_field_may_carry_the_default() -> None:
    def handler(a: Annotated[list[int], Field(default_factory=list)]) -> None: ...

    assert "required" not in infer(handler).schema


def test_an_alias_is_the_name_that_the_agent_sees() -> None:
    def handler(from_: Annotated[str, Field(alias="from")]) -> None: ...

    assert infer(handler).schema["properties"] == {"from": TEXT}


@pytest.mark.parametrize(
    "name", ["model_config", "json", "copy", "_private", "__dunder", "schema", "p0", "self", "ctx"]
)
def test_a_parameter_may_have_any_name(name: str) -> None:
    handler = eval(f"lambda {name}, other=1: None")
    assert list(infer(handler).schema["properties"]) == [name, "other"]


def test_further_arguments_are_taken_by_kwargs_alone() -> None:
    def anything(a: int, **more: Any) -> None: ...
    def numbers(a: int, **more: int) -> None: ...
    def untyped(a, **more): ...  # type: ignore[no-untyped-def]

    assert infer(anything).schema["additionalProperties"] in (True, {})
    assert infer(numbers).schema["additionalProperties"] == INTEGER
    assert infer(untyped).schema["additionalProperties"] in (True, {})


def refusal(handler: Callable[..., Any]) -> str:
    with pytest.raises(ToolDefinitionError) as caught:
        infer(handler)
    said = str(caught.value)
    assert said.startswith("tool 'a_tool' of a plugin: ")
    assert "https://" not in said
    return said.removeprefix("tool 'a_tool' of a plugin: ")


def test_args_are_refused() -> None:
    def handler(*cities: str) -> None: ...

    assert refusal(handler) == (
        "*cities cannot be an argument, because arguments have names; declare a list: cities: list[...]"
    )


@pytest.mark.parametrize(
    "annotation", [threading.Lock, Callable[[], None], "list[threading.Lock]", "dict[str, type[Any]]"]
)
def test_an_annotation_that_json_cannot_say_is_refused_with_its_parameter(annotation: object) -> None:
    def handler(city: str, odd: Any) -> None: ...

    handler.__annotations__["odd"] = annotation
    said = refusal(handler)
    assert said.startswith("its parameter 'odd' has an annotation that JSON cannot say: ")
    assert said.endswith("; use a type that JSON can say, or declare the schema with parameters=...")


def test_an_annotation_that_cannot_be_resolved_is_refused_with_its_parameter() -> None:
    def handler(city: str, odd: Any) -> None: ...

    handler.__annotations__["odd"] = "Missing"
    assert refusal(handler) == (
        "the annotation 'Missing' of its parameter 'odd' cannot be resolved "
        "(NameError: name 'Missing' is not defined); "
        "import the name where the tool is defined, and not under TYPE_CHECKING alone"
    )


def test_kwargs_that_json_cannot_say_are_refused() -> None:
    def handler(**odd: threading.Lock) -> None: ...

    assert refusal(handler).startswith("its parameter 'odd' has an annotation that JSON cannot say")


def test_rules_that_do_not_fit_their_type_are_refused() -> None:
    def handler(city: Annotated[str, Field(pattern="(")]) -> None: ...

    assert refusal(handler).startswith("its parameter 'city' has")


def test_a_models_schema_has_its_own_words_and_no_repetition_of_names() -> None:
    schema = schema_of_model(Person, HERE)
    person = schema["$defs"]["Person"]
    assert person["description"] == "Somebody."
    assert person["properties"]["name"] == TEXT


def test_a_model_without_a_schema_is_refused() -> None:
    class Locked(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        lock: Annotated[Any, threading.Lock]
        call: Callable[[], None]

    with pytest.raises(ToolDefinitionError, match="its model Locked has no JSON Schema: ") as caught:
        schema_of_model(Locked, HERE)
    assert "https://" not in str(caught.value)
