"""A handler must be able to take what its schema or model describes, or the tool is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import pytest
from pydantic import BaseModel, RootModel

from agentframework.errors import ToolDefinitionError
from agentframework.tools.binding import Binding, DictBinding, KeywordBinding, ModelBinding, SignatureBinding
from agentframework.tools.context import ToolContext
from agentframework.tools.definition import Definition
from agentframework.tools.docstring import Docstring
from agentframework.tools.parameters import declare
from agentframework.tools.schema import ArgumentsSchema

if TYPE_CHECKING:
    from somewhere import Unknown  # type: ignore[import-not-found]

HERE = Definition("a_tool", "a plugin")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}


class Place(BaseModel):
    city: str
    days: int = 1


class Places(RootModel[list[str]]):
    pass


class Arguments(TypedDict, total=False):
    city: str


def declared(handler: Callable[..., Any], parameters: Any = SCHEMA) -> tuple[ArgumentsSchema, Binding]:
    return declare(handler, parameters, Docstring("", {"city": "The city."}), HERE)


def refusal(handler: Callable[..., Any], parameters: Any = SCHEMA) -> str:
    with pytest.raises(ToolDefinitionError) as caught:
        declared(handler, parameters)
    return str(caught.value).removeprefix("tool 'a_tool' of a plugin: ")


def test_without_parameters_the_signature_is_the_schema() -> None:
    def handler(city: str) -> None: ...

    schema, binding = declared(handler, None)
    assert schema.schema["properties"] == {"city": {"type": "string", "description": "The city."}}
    assert isinstance(binding, SignatureBinding)


def test_a_model_is_the_schema_of_what_its_handler_takes() -> None:
    def first(place: Place) -> None: ...
    def second(place, context: ToolContext, loud: bool = False) -> None: ...  # type: ignore[no-untyped-def]
    def third(*, place: Place | None = None) -> None: ...

    for handler in (first, second, third):
        schema, binding = declared(handler, Place)
        assert schema.schema["required"] == ["city"]
        assert isinstance(binding, ModelBinding)
        assert binding.name == "place"


@pytest.mark.parametrize(
    ("handler", "takes"),
    [
        (lambda: None, "none"),
        (lambda city, days: None, "city, days"),
        (lambda **places: None, "none"),
    ],
)
def test_a_handler_that_cannot_take_a_model_is_refused(handler: Callable[..., Any], takes: str) -> None:
    assert refusal(handler, Place).startswith(
        f"its handler must take the model of its parameters as its one argument (it takes {takes}); give the handler"
    )


def test_a_model_of_anything_but_an_object_is_refused() -> None:
    assert "its schema describes array, and arguments are always an object" in refusal(
        lambda places: None, Places
    )


@pytest.mark.parametrize("parameters", [int, dict, Exception])
def test_a_class_that_is_no_model_is_refused(parameters: type) -> None:
    assert refusal(lambda v: None, parameters) == (
        f"its parameters are the class {parameters.__name__}, no pydantic model"
    )


def test_a_handler_takes_the_properties_by_name() -> None:
    def exactly(city: str, days: int = 1) -> None: ...
    def keywords(*, days: int = 1, city: str) -> None: ...
    def positions(city: str, days: int = 1, /) -> None: ...
    def anything(**arguments: Any) -> None: ...
    def some(city: str, **arguments: Any) -> None: ...
    def with_context(context: ToolContext, city: str, days: int = 1) -> None: ...

    for handler in (exactly, keywords, positions, anything, some, with_context):
        assert isinstance(declared(handler)[1], KeywordBinding)


@pytest.mark.parametrize(
    "annotation",
    [
        dict,
        "dict[str, Any]",
        Mapping,
        Mapping[str, Any],
        MutableMapping[str, int],
        Arguments,
        Annotated[dict[str, Any], 1],
    ],
)
def test_a_handler_with_one_dict_takes_all_arguments_in_it(annotation: object) -> None:
    def handler(arguments: Any, context: ToolContext | None = None) -> None: ...

    handler.__annotations__["arguments"] = annotation
    _, binding = declared(handler)
    assert isinstance(binding, DictBinding)
    assert binding.name == "arguments"


def test_a_dict_that_has_the_name_of_a_property_is_that_property() -> None:
    def handler(city: dict[str, Any]) -> None: ...

    schema = {"type": "object", "properties": {"city": {"type": "object"}}, "required": ["city"]}
    assert isinstance(declared(handler, schema)[1], KeywordBinding)


def test_a_property_that_the_handler_does_not_take_is_refused() -> None:
    assert refusal(lambda city: None) == (
        "its schema has the property 'days', which its handler does not take; "
        "add a parameter of this name, or **kwargs, or take all arguments in one parameter annotated as a dict"
    )


def test_a_property_deep_in_the_schema_is_not_forgotten() -> None:
    schema = {"type": "object", "anyOf": [{"properties": {"odd-name": {}}}]}
    assert "the property 'odd-name'" in refusal(lambda: None, schema)
    assert declared(lambda **arguments: None, schema)


def test_a_parameter_that_the_schema_does_not_require_is_refused() -> None:
    assert refusal(lambda city, days: None) == (
        "its handler needs 'days', which its schema does not require; "
        "add it to \"required\", or give the parameter 'days' a default"
    )
    assert "its handler needs 'more'" in refusal(lambda city, more, days=1: None)


def test_annotations_that_do_not_matter_need_not_be_resolved() -> None:
    def handler(city: Unknown, days: Unknown = 1) -> Unknown: ...

    assert isinstance(declared(handler)[1], KeywordBinding)


def test_an_annotation_that_may_matter_is_named_where_the_handler_does_not_fit() -> None:
    def handler(city: str, context: Unknown, days: int = 1) -> None: ...

    assert "the annotation 'Unknown' of its parameter 'context' cannot be resolved" in refusal(handler)


def test_only_formats_that_nobody_checks_are_listed() -> None:
    import datetime as dt

    def handler(on: dt.datetime, at: dt.time) -> None: ...

    assert declared(handler, None)[0].unchecked_formats == ()
    schema = {"type": "object", "properties": {"on": {"type": "string", "format": "date-time"}}}
    assert declared(lambda on="": None, schema)[0].unchecked_formats == ("date-time",)


def test_a_property_with_the_name_of_the_context_is_refused() -> None:
    def handler(context: ToolContext, **arguments: Any) -> None: ...

    said = refusal(handler, {"type": "object", "properties": {"context": {}}})
    assert said.startswith(
        "its schema has the property 'context', and so is named what receives the ToolContext"
    )
