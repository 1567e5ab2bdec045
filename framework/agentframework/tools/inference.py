"""A signature as a pydantic model: its JSON Schema is what the agent is told, and it builds the values of a call."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import GenericAlias, new_class
from typing import Annotated, Any, Optional, get_args

from pydantic import BaseModel, Field, TypeAdapter, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from agentframework.errors import ToolDefinitionError
from agentframework.tools.definition import Definition
from agentframework.tools.signature import Parameter, Signature

__all__ = ["SignatureModel", "infer_model", "schema_of_model", "unresolved_annotation"]


@dataclass(frozen=True, slots=True)
class SignatureModel:
    """A model with one field a parameter, its schema, and the parameter that each field stands for."""

    model: type[BaseModel]
    schema: dict[str, Any]
    parameters: Mapping[str, str]


class _Closed(BaseModel, extra="forbid"):
    """Takes what its fields name and nothing else."""


class _PlainJsonSchema(GenerateJsonSchema):
    """pydantic's schema without the titles that only repeat the names of the fields."""

    # a default that JSON cannot say still applies, and the author need not be warned of it at every start
    ignored_warning_kinds: set[JsonSchemaWarningKind] = set(get_args(JsonSchemaWarningKind))  # noqa: RUF012  as pydantic

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def schema_of_model(model: type[BaseModel], definition: Definition) -> dict[str, Any]:
    """The JSON Schema of what a model takes; raises `ToolDefinitionError` where a field has no JSON form."""
    try:
        return model.model_json_schema(schema_generator=_PlainJsonSchema)
    except Exception as error:
        raise definition.refused(
            f"its model {model.__name__} has no JSON Schema: {_reason(error)}"
        ) from error


def infer_model(signature: Signature, said: Mapping[str, str], definition: Definition) -> SignatureModel:
    """The model of a signature; `said` is what the docstring says of each parameter.

    A parameter without annotation takes any JSON value; one whose default is None takes null too; `**kwargs`
    takes further arguments, and without it there are none. Raises `ToolDefinitionError` for `*args` and for an
    annotation that has no JSON form.
    """
    if signature.rest is not None:
        raise definition.refused(
            f"*{signature.rest} cannot be an argument, because arguments have names",
            f"declare a list: {signature.rest}: list[...]",
        )
    refusal = unresolved_annotation(signature, definition)
    if refusal:
        raise refusal
    # fields are numbered because a parameter may have a name that a model cannot give to a field
    fields = {f"p{index}": _field(parameter, said) for index, parameter in enumerate(signature.arguments)}
    try:
        model = create_model(definition.tool, __base__=_base(signature.extra), **fields)
        schema = model.model_json_schema(schema_generator=_PlainJsonSchema)
    except Exception as error:
        raise _culprit(signature, definition) or definition.refused(_reason(error)) from error
    names = (parameter.name for parameter in signature.arguments)
    schema.pop("title", None)  # a repetition of the tool's name
    return SignatureModel(model, schema, dict(zip(fields, names, strict=True)))


def unresolved_annotation(signature: Signature, definition: Definition) -> ToolDefinitionError | None:
    """The refusal of the first annotation that names something which is not there, if there is one."""
    name, unresolved = next(signature.unresolved, (None, None))
    if unresolved is None:
        return None
    return definition.refused(
        f"the annotation {unresolved.annotation!r} of its parameter {name!r} cannot be resolved "
        f"({unresolved.problem})",
        "import the name where the tool is defined, and not under TYPE_CHECKING alone",
    )


def _field(parameter: Parameter, said: Mapping[str, str]) -> Any:
    annotation, notes = parameter.annotation, []
    if typing.get_origin(annotation) is Annotated:
        annotation, *notes = typing.get_args(annotation)
    if parameter.default is None:
        annotation = Optional[annotation]  # noqa: UP045  `|` is not there for every annotation
    # the author's own Field comes after ours, and so its description and alias win
    annotation = Annotated[
        (annotation, Field(alias=parameter.name, description=said.get(parameter.name)), *notes)
    ]
    return annotation if parameter.is_required else (annotation, parameter.default)


def _base(extra: Parameter | None) -> type[BaseModel]:
    if extra is None:
        return _Closed
    extras = {"__pydantic_extra__": GenericAlias(dict, (str, extra.annotation))}

    def body(namespace: dict[str, Any]) -> None:
        namespace["__annotations__"] = extras

    return new_class("Open", (BaseModel,), {"extra": "allow"}, body)


def _culprit(signature: Signature, definition: Definition) -> ToolDefinitionError | None:
    """The refusal of the first parameter whose annotation cannot stand alone."""
    for parameter in (*signature.arguments, *([signature.extra] if signature.extra else [])):
        try:
            TypeAdapter(parameter.annotation).json_schema(schema_generator=_PlainJsonSchema)
        except Exception as error:  # noqa: BLE001  pydantic raises many kinds, and an annotation's own code any other
            return definition.refused(
                f"its parameter {parameter.name!r} has an annotation that JSON cannot say: {_reason(error)}",
                "use a type that JSON can say, or declare the schema with parameters=...",
            )
    return None


def _reason(error: Exception) -> str:
    """The first line of an error, without pydantic's advice and addresses."""
    said = error.message if isinstance(error, PydanticUserError) else str(error)
    return (
        said.partition("\n")[0].partition(" Set `arbitrary_types_allowed")[0].rstrip(". ")
        or type(error).__name__
    )
