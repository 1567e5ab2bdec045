"""From checked arguments to the handler's call: by keyword, as one dict, as one model, or as a signature's values."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from agentframework.errors import ArgumentProblem, ArgumentsError, ToolError
from agentframework.tools.complaints import ARGUMENTS, problems_of_model, shown_problems
from agentframework.tools.context import ToolContext
from agentframework.tools.schema import ArgumentsSchema
from agentframework.tools.signature import Signature

__all__ = ["Binding", "DictBinding", "KeywordBinding", "ModelBinding", "SignatureBinding"]

Call = tuple[tuple[Any, ...], dict[str, Any]]


class Binding(ABC):
    """One way in which a handler takes its arguments."""

    @abstractmethod
    def bind(self, arguments: Mapping[str, Any], context: ToolContext) -> Call:
        """The positional and keyword arguments of the handler's call; shares no container with `arguments`."""


@dataclass(frozen=True, slots=True)
class KeywordBinding(Binding):
    """A declared schema, and a handler that takes its properties by name: `names`, or None for any.

    What the schema allows without naming it goes to `**kwargs`, and to nobody where the handler has none.
    """

    signature: Signature
    names: AbstractSet[str] | None

    def bind(self, arguments: Mapping[str, Any], context: ToolContext) -> Call:
        taken = arguments if self.names is None else [name for name in arguments if name in self.names]
        return self.signature.call({name: _copied(arguments[name]) for name in taken}, context)


@dataclass(frozen=True, slots=True)
class DictBinding(Binding):
    """A declared schema, and a handler whose parameter `name` takes all arguments as one dict."""

    signature: Signature
    name: str

    def bind(self, arguments: Mapping[str, Any], context: ToolContext) -> Call:
        return self.signature.call({self.name: _copied(arguments)}, context)


@dataclass(frozen=True, slots=True)
class ModelBinding(Binding):
    """A declared pydantic model, and a handler whose parameter `name` takes one instance of it."""

    signature: Signature
    name: str
    tool: str
    model: type[BaseModel]
    schema: ArgumentsSchema

    def bind(self, arguments: Mapping[str, Any], context: ToolContext) -> Call:
        return self.signature.call(
            {self.name: _built(self.tool, self.model, self.schema, arguments)}, context
        )


@dataclass(frozen=True, slots=True)
class SignatureBinding(Binding):
    """A signature's own model: `parameters` maps its fields to the handler's parameters."""

    signature: Signature
    parameters: Mapping[str, str]
    tool: str
    model: type[BaseModel]
    schema: ArgumentsSchema

    def bind(self, arguments: Mapping[str, Any], context: ToolContext) -> Call:
        built = _built(self.tool, self.model, self.schema, arguments)
        values = {name: built.__dict__[field] for field, name in self.parameters.items()}
        return self.signature.call({**(built.model_extra or {}), **values}, context)


def _built(
    tool: str, model: type[BaseModel], schema: ArgumentsSchema, arguments: Mapping[str, Any]
) -> BaseModel:
    """The model's instance; read as JSON, because a strict model takes a date from JSON text and from no str."""
    try:
        return model.model_validate_json(json.dumps(arguments, ensure_ascii=False).encode())
    except ValidationError as error:
        raise ArgumentsError(tool, shown_problems(problems_of_model(error, arguments, schema))) from error
    except UnicodeEncodeError as error:
        problem = ArgumentProblem(ARGUMENTS, "whole characters", f"half a character ({error.reason})")
        raise ArgumentsError(tool, [problem]) from error
    except Exception as error:
        # a validator of the author's may raise anything; the cause is chained for the log
        expected = str(error) if isinstance(error, ToolError) else "values that the tool can check"
        raise ArgumentsError(
            tool, [ArgumentProblem(ARGUMENTS, expected, "values on which the check failed")]
        ) from error


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
