"""A tool: a handler with a name, a description and a JSON Schema of its arguments."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, overload

from pydantic import BaseModel

from agentframework.tools.arguments import read_arguments
from agentframework.tools.context import ToolContext
from agentframework.tools.definition import define, innermost, name_of
from agentframework.tools.options import Options, ToolOptions, read_options
from agentframework.tools.parameters import declare
from agentframework.tools.resource import Resource
from agentframework.tools.signature import docstring_of

__all__ = ["Tool", "tool"]

P = ParamSpec("P")
R = TypeVar("R")


class Tool(Generic[P, R]):
    """A handler, and all that a runtime needs to offer it to an agent and to call it.

    `parameters` is None (the schema comes from the handler's signature, annotations and docstring), a JSON Schema
    of the arguments object (the handler takes its properties as keyword arguments; one that has a single argument
    annotated as a dict, with no property of its name, takes them as that dict), or a pydantic model (the handler
    takes one instance). An empty `description` is taken from the docstring. `owner` says who brings the tool, for
    messages, and `options` how it wants to be run: `timeout`, `risk`, `worker` and the others of `Options`.

    A handler's parameter with the annotation `ToolContext` receives the call's context; it is no argument, and
    where an argument has the same name the context wins. So does one whose annotation names a `Resource`: it receives
    what that one's lifespan has opened.

    Raises `ToolDefinitionError`, which names the tool and its owner (or the handler's module), for a name that the
    wire refuses (protocol 5.1), for a schema that is not valid, describes no object or refers outside itself, for
    a handler that cannot take what the schema describes, and for an option that is not known or cannot be meant.
    """

    name: str
    description: str
    owner: str
    handler: Callable[P, R]
    is_async: bool
    """Whether calling the handler gives an awaitable (`inspect.iscoroutinefunction`, also of `__call__`)."""
    options: Options
    """How it is run."""
    settings: Any
    """What its plugin has read of its table of the config, for the call's context; None where it has read none."""
    resources: tuple[Resource[Any], ...]
    """What must be open before its handler is called."""
    schema: dict[str, Any]
    """The JSON Schema of the arguments object."""
    unchecked_formats: tuple[str, ...]
    """The `format` words of the schema that nothing here can check."""

    def __init__(
        self,
        name: str,
        handler: Callable[P, R],
        *,
        description: str = "",
        parameters: Mapping[str, Any] | type[BaseModel] | None = None,
        owner: str = "",
        **options: Unpack[ToolOptions],
    ) -> None:
        if isinstance(handler, Tool):
            handler = handler.handler
        definition = define(name, handler, owner)
        self.name = name
        self.handler = handler
        self.owner = owner
        self.settings = None
        self.is_async = _is_async(handler)
        docstring = docstring_of(handler)
        self.description = description or docstring.description
        self._definition = definition
        self._checked, self._binding = declare(handler, parameters, docstring, definition)
        self.resources = tuple(dict.fromkeys(self._binding.signature.resources.values()))
        self.options = self._checked_options(read_options(options, definition))
        # a copy, because whoever changes what is shown must not change what is checked
        self.schema = copy.deepcopy(self._checked.schema)
        self.unchecked_formats = self._checked.unchecked_formats
        functools.update_wrapper(self, handler, updated=())

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls the handler as the plain function that it is: no check, no context, no deadline."""
        return self.handler(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name!r} of {self.place}>"

    @property
    def place(self) -> str:
        """The owner, or the handler's module where nobody owns the tool yet: what messages name."""
        return self._definition.place

    @property
    def timeout(self) -> float | None:
        """Seconds until a call is answered as timed out; None for the runtime's own."""
        return self.options.timeout

    def with_options(self, **options: Unpack[ToolOptions]) -> Tool[P, R]:
        """The same tool with these options changed; raises `ToolDefinitionError` for one that cannot be meant."""
        changed = copy.copy(self)
        changed.options = self._checked_options(self.options.replaced(options, self._definition))
        return changed

    def with_settings(self, settings: object) -> Tool[P, R]:
        """The same tool with what its plugin has read of the config."""
        changed = copy.copy(self)
        changed.settings = settings
        return changed

    def with_owner(self, owner: str) -> Tool[P, R]:
        """The same tool with another owner; `self` is left as it is."""
        owned = copy.copy(self)
        owned.owner = owner
        owned._definition = define(self.name, self.handler, owner)
        return owned

    def with_name(self, name: str) -> Tool[P, R]:
        """The same tool under another name; raises `ToolDefinitionError` for one that the wire refuses."""
        renamed = copy.copy(self)
        renamed.name = name
        renamed._definition = define(name, self.handler, self.owner)
        renamed._binding = dataclasses.replace(self._binding, tool=name)
        return renamed

    def read_arguments(self, sent: object) -> dict[str, Any]:
        """The arguments of a call as policy, audit and handler see them: read, checked and where needed repaired.

        `sent` is the value that the wire carried (protocol 2.3): any JSON value, None for no arguments. What is
        returned shares nothing with it. Raises `ArgumentsError`, and nothing else, where it does not fit the schema.
        """
        return read_arguments(sent, self.name, self._checked, is_strict=self.options.strict)

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The arguments that are marked `Sensitive`, by their place: `card.number`, `people[].iban`."""
        return () if self._checked.sensitive is None else self._checked.sensitive.paths

    def masked(self, arguments: Any) -> Any:
        """What may be shown of a call's arguments: a copy with `***` for what is marked `Sensitive`.

        Takes what `read_arguments` returned and what came, whatever that is; the same object where nothing is marked.
        Never raises, and takes no longer than a look at each value.
        """
        return arguments if self._checked.sensitive is None else self._checked.sensitive.shown(arguments)

    def without_sensitive(self, text: str, arguments: Any) -> str:
        """A text with every value that is marked `Sensitive` in these arguments replaced: a traceback for the log."""
        places = self._checked.sensitive
        return text if places is None else places.without_values(text, arguments)

    def bind(self, arguments: dict[str, Any], context: ToolContext) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """How `handler` is to be called with what `read_arguments` returned: positional and keyword arguments.

        Builds the values that a signature or a model asks for (defaults, dates, validators). Runs validators that
        the author wrote, so it belongs to the tool's world and deadline. Raises `ArgumentsError`, and nothing else.
        """
        return self._binding.bind(arguments, context)

    def _checked_options(self, options: Options) -> Options:
        """These options, unless they ask for a place where what the tool needs cannot be."""
        if self.resources and options.worker not in ("auto", "loop", "thread"):
            raise self._definition.refused(
                f"worker = {options.worker!r} is where {self.resources[0].name} cannot open anything for it",
                'leave the worker at "auto", or open in the tool itself what it needs',
            )
        return options


@overload
def tool(handler: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | type[BaseModel] | None = None,
    **options: Unpack[ToolOptions],
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    handler: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | type[BaseModel] | None = None,
    **options: Unpack[ToolOptions],
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Makes a tool of a plain or async function: `@tool`, or `@tool(name=..., parameters=...)`; see `Tool`."""

    def decorated(function: Callable[P, R]) -> Tool[P, R]:
        return Tool(
            name_of(function) if name is None else name,
            function,
            description=description or "",
            parameters=parameters,
            **options,
        )

    return decorated if handler is None else decorated(handler)


def _is_async(handler: Callable[..., object]) -> bool:
    function = innermost(handler)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
