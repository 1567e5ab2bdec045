"""A handler's signature: which parameters are arguments, and which receive the call's context or a resource."""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType, SimpleNamespace, UnionType
from typing import Annotated, Any, Final, Union

from agentframework.tools.context import ToolContext
from agentframework.tools.definition import Definition, innermost
from agentframework.tools.docstring import Docstring, read_docstring
from agentframework.tools.resource import Resource, resource_of

__all__ = ["NO_DEFAULT", "Parameter", "Signature", "Unresolved", "docstring_of", "read_signature"]

NO_DEFAULT: Final = inspect.Parameter.empty

_VARIABLE: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An annotation that names something which is not there when the tool is defined."""

    annotation: str
    problem: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its name, its annotation (`Any` where there is none) and its default (or `NO_DEFAULT`)."""

    name: str
    annotation: Any
    default: Any
    kind: inspect._ParameterKind

    @property
    def is_required(self) -> bool:
        """Whether the handler cannot be called without it."""
        return self.default is NO_DEFAULT

    @property
    def is_context(self) -> bool:
        """Whether it receives the `ToolContext`: by its annotation alone, `ToolContext | None` included."""
        hint = self.annotation
        if typing.get_origin(hint) is Annotated:
            hint = typing.get_args(hint)[0]
        if typing.get_origin(hint) in (Union, UnionType):
            return set(typing.get_args(hint)) == {ToolContext, type(None)}
        return hint is ToolContext

    @property
    def resource(self) -> Resource[Any] | None:
        """The resource that it receives: by its annotation alone."""
        return resource_of(self.annotation)


@dataclass(frozen=True, slots=True)
class Signature:
    """A handler's parameters as a call sees them."""

    arguments: tuple[Parameter, ...]
    """What the agent fills, in order: no `*args`, `**kwargs`, context, resource, nor what a `partial` has bound."""
    contexts: tuple[str, ...]
    """The names of the parameters that receive the `ToolContext`."""
    resources: Mapping[str, Resource[Any]]
    """The parameters that receive what a lifespan has opened."""
    positional_only: tuple[Parameter, ...]
    """Those of any kind that have no name in a call."""
    rest: str | None
    """The name behind the `*` of `*args`."""
    extra: Parameter | None
    """The parameter behind the `**` of `**kwargs`."""

    @property
    def unresolved(self) -> Iterator[tuple[str, Unresolved]]:
        """The parameters whose annotation cannot be resolved."""
        for parameter in (*self.arguments, *([self.extra] if self.extra else [])):
            if isinstance(parameter.annotation, Unresolved):
                yield parameter.name, parameter.annotation

    def call(self, values: Mapping[str, Any], context: ToolContext) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """How the handler is called with `values` by name: what has no name in a call first, then the others.

        Raises LookupError where a resource is not open.
        """
        by_name = {**values, **dict.fromkeys(self.contexts, context)}
        for name, resource in self.resources.items():
            by_name[name] = context.resource(resource)
        if not self.positional_only:
            return (), by_name
        positional = tuple(
            by_name.pop(parameter.name, parameter.default) for parameter in self.positional_only
        )
        return positional, by_name


def read_signature(handler: Callable[..., Any], definition: Definition) -> Signature:
    """The signature of a function, method, `functools.partial` or callable object.

    Raises `ToolDefinitionError` where Python cannot tell it. An annotation that cannot be resolved is kept as
    `Unresolved`: whether that matters is for the caller to say.
    """
    try:
        raw = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError, NameError) as error:
        raise definition.refused(
            f"its handler has no signature that Python can tell ({error})",
            "wrap it in a function of your own",
        ) from error
    namespace = _Namespace(handler)
    bound = handler.keywords if isinstance(handler, functools.partial) else {}
    parameters = [
        Parameter(parameter.name, namespace.resolve(parameter.annotation), parameter.default, parameter.kind)
        for parameter in raw
        if parameter.name not in bound
    ]
    named = [parameter for parameter in parameters if parameter.kind not in _VARIABLE]
    rest = (parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.VAR_POSITIONAL)
    extra = (parameter for parameter in parameters if parameter.kind is inspect.Parameter.VAR_KEYWORD)
    return Signature(
        arguments=tuple(one for one in named if not one.is_context and one.resource is None),
        contexts=tuple(parameter.name for parameter in named if parameter.is_context),
        resources={one.name: one.resource for one in named if one.resource is not None},
        positional_only=tuple(p for p in named if p.kind is inspect.Parameter.POSITIONAL_ONLY),
        rest=next(rest, None),
        extra=next(extra, None),
    )


def docstring_of(handler: Callable[..., Any]) -> Docstring:
    """The docstring that was written for a handler; a callable object's is that of its `__call__`, or its class."""
    function = innermost(handler)
    if inspect.isroutine(function) or isinstance(function, type):
        return read_docstring(function.__doc__)
    return read_docstring(type(function).__call__.__doc__ or type(function).__doc__)


class _Namespace:
    """Where the names in a handler's annotations are looked up."""

    def __init__(self, handler: Callable[..., Any]) -> None:
        function = innermost(handler)
        if not inspect.isroutine(function):
            is_class = inspect.isclass(function)
            function = getattr(
                function if is_class else type(function), "__init__" if is_class else "__call__"
            )
        function = inspect.unwrap(function)
        self._globals: dict[str, Any] = getattr(function, "__globals__", {})
        self._locals = _enclosing_locals(function)

    def resolve(self, annotation: Any) -> Any:
        if annotation is inspect.Parameter.empty:
            return Any
        holder = SimpleNamespace(__annotations__={"it": annotation})
        try:
            return typing.get_type_hints(holder, self._globals, self._locals, include_extras=True)["it"]
        except Exception as error:  # noqa: BLE001  an annotation is an expression of the author's, and may raise anything
            return Unresolved(str(annotation), f"{type(error).__name__}: {error}")


def _enclosing_locals(function: Callable[..., Any]) -> dict[str, Any]:
    """The local names of the function that `function` is being defined in, if that one is running now.

    Annotations that are strings (`from __future__ import annotations`) lose the names of an enclosing function,
    such as a plugin's hook that defines a model and a tool side by side.
    """
    enclosing, _, _ = str(getattr(function, "__qualname__", "")).rpartition(".<locals>.")
    if not enclosing:
        return {}
    module_names = getattr(function, "__globals__", None)
    for frame in _frames():
        if frame.f_code.co_qualname == enclosing and frame.f_globals is module_names:
            return dict(frame.f_locals)
    return {}


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back
