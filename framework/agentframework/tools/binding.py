"""From checked arguments to the handler's call: by keyword, as one dict, as one model, or as a signature's values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from agentframework.errors import ArgumentProblem, ArgumentsError, ToolError
from agentframework.tools.complaints import ARGUMENTS, UNCHECKABLE, problems_of_model, shown_problems
from agentframework.tools.context import ToolContext
from agentframework.tools.jsonvalues import path_to_half_character
from agentframework.tools.schema import ArgumentsSchema
from agentframework.tools.signature import Signature
from agentframework.tools.wording import place_words

__all__ = ["Binding", "DictBinding", "KeywordBinding", "ModelBinding", "SignatureBinding"]

Call = tuple[tuple[Any, ...], dict[str, Any]]

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, slots=True)
class Binding(ABC):
    """One way in which the handler of a tool takes its arguments."""

    tool: str
    signature: Signature

    def bind(self, arguments: Mapping[str, Any], context: ToolContext) -> Call:
        """The positional and keyword arguments of the handler's call; they share no container with `arguments`.

        Raises `ArgumentsError`, and LookupError where a resource is not open; nothing else.
        """
        try:
            values = self.values(arguments)
        except ArgumentsError:
            raise
        except ToolError as error:
            raise self._refused(ARGUMENTS, self._said(error, arguments), "others") from None
        except Exception as error:
            # a validator of the author's may raise anything; the cause is chained for the log
            raise self._refused(ARGUMENTS, "values that can be checked", UNCHECKABLE) from error
        return self.signature.call(values, context)

    @abstractmethod
    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values of the handler's parameters by name."""

    def _said(self, error: ToolError, arguments: Mapping[str, Any]) -> str:
        """The author's own words, as far as the model may hear them."""
        return str(error)

    def _refused(self, field: str, expected: str, came: str) -> ArgumentsError:
        return ArgumentsError(self.tool, shown_problems([ArgumentProblem(field, expected, came)]))


@dataclass(frozen=True, slots=True)
class KeywordBinding(Binding):
    """A declared schema, and a handler that takes its properties by name: `names`, or None for any.

    What the schema allows without naming it goes to `**kwargs`, and to nobody where the handler has none.
    """

    names: AbstractSet[str] | None

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        taken = arguments if self.names is None else [name for name in arguments if name in self.names]
        return {name: _copied(arguments[name]) for name in taken}


@dataclass(frozen=True, slots=True)
class DictBinding(Binding):
    """A declared schema, and a handler whose parameter `name` takes all arguments as one dict."""

    name: str

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return {self.name: _copied(arguments)}


@dataclass(frozen=True, slots=True)
class _BuildingBinding(Binding):
    """A pydantic model builds the values, and `schema` words what it refuses."""

    model: type[BaseModel]
    schema: ArgumentsSchema

    def _built(self, arguments: Mapping[str, Any]) -> BaseModel:
        """The model's instance; read as JSON, because a strict model takes a date from JSON and from no `str`."""
        try:
            text = to_json(arguments)
        except PydanticSerializationError:
            broken = path_to_half_character(arguments)
            if broken is None:
                raise
            raise self._refused(place_words(broken, ARGUMENTS), "whole characters", "half of one") from None
        try:
            # what `model_validate_json` calls, at a third of its cost
            built: BaseModel = self.model.__pydantic_validator__.validate_json(text)
            return built
        except ValidationError as error:
            problems = shown_problems(problems_of_model(error, arguments, self.schema))
        # outside the handler, because pydantic's error shows the values and must not come to a log with ours
        raise ArgumentsError(self.tool, problems)

    def _said(self, error: ToolError, arguments: Mapping[str, Any]) -> str:
        places = self.schema.sensitive
        is_told = places is None or not places.stands_in(str(error), arguments)
        return str(error) if is_told else "other values"


@dataclass(frozen=True, slots=True)
class ModelBinding(_BuildingBinding):
    """A declared pydantic model, and a handler whose parameter `name` takes one instance of it."""

    name: str

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return {self.name: self._built(arguments)}


@dataclass(frozen=True, slots=True)
class SignatureBinding(_BuildingBinding):
    """A signature's own model: `parameters` maps its fields to the handler's parameters."""

    parameters: Mapping[str, str]

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        built = self._built(arguments)
        values = {name: built.__dict__[field] for field, name in self.parameters.items()}
        return {**built.model_extra, **values} if built.model_extra else values


def _copied(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
