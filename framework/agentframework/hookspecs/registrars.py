"""What the hooks are given: each `register` takes one kind of thing, and knows whose turn it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, Unpack

from pydantic import BaseModel

from agentframework.approval import Approver
from agentframework.audio.base import NO_SOUND, AudioBackend
from agentframework.callbacks import Callbacks
from agentframework.hookspecs.contribution import Contribution, OwnedApprover, OwnedBackend, OwnedCallbacks
from agentframework.spelling import nearest
from agentframework.tools.definition import name_of
from agentframework.tools.options import ToolOptions
from agentframework.tools.tool import Tool

__all__ = ["ApproverRegistrar", "AudioBackendRegistrar", "CallbacksRegistrar", "ToolRegistrar"]

P = ParamSpec("P")
R = TypeVar("R")
ModelT = TypeVar("ModelT", bound=BaseModel)

_EVENTS = [name for name in vars(Callbacks) if name.startswith("on_")]


class Registrar:
    """What they have in common: whose turn it is, and the plugin's settings."""

    def __init__(self, contribution: Contribution) -> None:
        self._contribution = contribution

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.plugin!r}>"

    @property
    def plugin(self) -> str:
        """The name of the plugin whose turn it is: its entry point's."""
        return self._contribution.owner.name

    def settings(self, model: type[ModelT]) -> ModelT:
        """The plugin's table `[plugins.<name>]` of the config, as an instance of its pydantic model.

        Keys that the model does not know are errors, in nested tables too, unless the model says `extra="allow"`.
        Without such a table the model's defaults count. Raises `ConfigError`; left uncaught it is reported with file,
        line, key and the nearest right word. A table that no hook asks for is reported as well. The plugin's tools
        find in `ToolContext.settings`, and its lifespans in `LifespanContext.settings`, what was read first.
        """
        given: object = model
        if not (inspect.isclass(given) and issubclass(given, BaseModel)):
            raise self._contribution.owner.fault(
                "register.settings was not given a pydantic model", "Call it as register.settings(Settings)"
            )
        return self._contribution.settings(model)


class ToolRegistrar(Registrar):
    """The `register` of hook `register_tools`."""

    def __call__(
        self,
        tool: Tool[P, R] | Callable[P, R],
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        parameters: Mapping[str, Any] | type[BaseModel] | None = None,
        **options: Unpack[ToolOptions],
    ) -> Tool[P, R]:
        """Host a tool, or a function as `@tool` would make one; returns the tool, so that it also decorates.

        `name`, `description`, `parameters` (a JSON Schema or a pydantic model) and the options (`timeout`, `risk`,
        `worker`, ...) are for functions; a `Tool` has its own. Raises `ToolDefinitionError`, and `DuplicateToolError`
        for a name that this plugin has registered before; a name that another plugin has is found when the hooks have
        returned.
        """
        owner = self._contribution.owner
        if isinstance(tool, Tool):
            if (name, description, parameters) != (None, None, None) or options:
                raise owner.fault(
                    f"register was given options beside the tool {tool.name!r}",
                    "Give them to @tool(...) or Tool(...)",
                )
            made = tool
        elif callable(tool):
            made = Tool(
                name_of(tool) if name is None else name,
                tool,
                description=description or "",
                parameters=parameters,
                owner=owner.name,
                **options,
            )
        else:
            raise owner.fault(
                f"register_tools registers a {type(tool).__name__}", "Give register a function or a Tool"
            )
        made = made.with_owner(owner.name)
        self._contribution.tools.add(made)
        return made


class CallbacksRegistrar(Registrar):
    """The `register` of hook `register_callbacks`."""

    def __call__(self, callbacks: Callbacks | Callable[[], Callbacks], /) -> None:
        """Tell these handlers what happens: an object of all conversations, a class or function one each."""
        contribution = self._contribution
        if not isinstance(callbacks, Callbacks):
            fix = "Give register an object of a class that derives from Callbacks, or the class"
            if inspect.isclass(callbacks) and not issubclass(callbacks, Callbacks):
                raise contribution.owner.fault(f"{callbacks.__name__} does not derive from Callbacks", fix)
            if not callable(callbacks):
                raise contribution.owner.fault(
                    f"register_callbacks registers a {type(callbacks).__name__}", fix
                )
            _check_factory(callbacks, "its callbacks", contribution)
        contribution.warnings += _unknown_events(callbacks)
        contribution.callbacks.append(OwnedCallbacks(contribution.owner, callbacks))


class AudioBackendRegistrar(Registrar):
    """The `register` of hook `register_audio_backends`."""

    def __call__(self, name: str, factory: Callable[[], AudioBackend], /) -> None:
        """Offer a backend as `[audio] backend = name`; `factory` makes one for each conversation."""
        contribution, owner = self._contribution, self._contribution.owner
        given: object = factory
        wanted: object = name
        if not isinstance(wanted, str) or wanted in {"", NO_SOUND}:
            raise owner.fault(
                f"an audio backend cannot be called {wanted!r}", 'Call it as register("name", BackendClass)'
            )
        if isinstance(given, AudioBackend) or not callable(given):
            raise owner.fault(
                f"the audio backend {name!r} is registered by a {type(given).__name__}",
                "Give register the class, or a function that makes one: an object serves one conversation",
            )
        if inspect.isclass(factory) and not issubclass(factory, AudioBackend):
            raise owner.fault(
                f"{factory.__name__} does not derive from AudioBackend", "Derive it from AudioBackend"
            )
        if missing := sorted(getattr(factory, "__abstractmethods__", ())):
            raise owner.fault(
                f"the audio backend {name!r} lacks {', '.join(missing)}", "Define what is missing"
            )
        _check_factory(factory, f"the audio backend {name!r}", contribution)
        if name in contribution.backends:
            raise owner.fault(
                f"it registers the audio backend {name!r} twice", "Give one of them another name"
            )
        contribution.backends[name] = OwnedBackend(owner, name, factory)


class ApproverRegistrar(Registrar):
    """The `register` of hook `register_approvers`."""

    def __call__(self, name: str, factory: Callable[[], Approver], /) -> None:
        """Offer an approver as `[policy] approver = name`; `factory` makes the one of a runtime."""
        contribution, owner = self._contribution, self._contribution.owner
        given: object = factory
        wanted: object = name
        if not isinstance(wanted, str) or not wanted:
            raise owner.fault(
                f"an approver cannot be called {wanted!r}", 'Call it as register("name", ApproverClass)'
            )
        if isinstance(given, Approver) or not callable(given):
            raise owner.fault(
                f"the approver {name!r} is registered by a {type(given).__name__}",
                "Give register the class, or a function that makes one",
            )
        if inspect.isclass(factory) and not issubclass(factory, Approver):
            raise owner.fault(f"{factory.__name__} does not derive from Approver", "Derive it from Approver")
        if missing := sorted(getattr(factory, "__abstractmethods__", ())):
            raise owner.fault(f"the approver {name!r} lacks {', '.join(missing)}", "Define what is missing")
        _check_factory(factory, f"the approver {name!r}", contribution)
        if name in contribution.approvers:
            raise owner.fault(f"it registers the approver {name!r} twice", "Give one of them another name")
        contribution.approvers[name] = OwnedApprover(owner, name, factory)


def _check_factory(factory: Callable[[], object], what: str, contribution: Contribution) -> None:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return  # built in, and without a signature to look at: it shows when it is called
    needed = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
    ]
    if needed:
        raise contribution.owner.fault(
            f"{what} cannot be made without {', '.join(needed)}",
            "Give register a function without arguments, for instance lambda: Backend(settings)",
        )


def _unknown_events(callbacks: object) -> list[str]:
    """Methods that no event will ever call: most likely misspelt, or of a later version."""
    kind = callbacks if inspect.isclass(callbacks) else type(callbacks)
    if not issubclass(kind, Callbacks):
        return []
    warnings = []
    for name in dir(kind):
        if name.startswith("on_") and name not in _EVENTS:
            right = nearest(name, _EVENTS)
            meant = "" if right is None else f"; did you mean {right}?"
            warnings.append(f"{kind.__name__}.{name} is called by no event{meant}")
    return warnings
