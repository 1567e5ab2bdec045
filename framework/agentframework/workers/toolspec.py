"""What another process needs to find a tool: a reference that can be imported, and how its arguments are declared."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from agentframework.errors import ToolDefinitionError
from agentframework.tools.binding import DictBinding, KeywordBinding, ModelBinding
from agentframework.tools.definition import innermost
from agentframework.tools.tool import Tool

__all__ = ["ToolSpec"]

_FIX = "write it as a function of its own at the top level of a module that can be imported"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as text. Make one with `ToolSpec.of`; `load` gives the tool again, in whatever process.

    `reference` is "module:qualname" of the handler; `schema` the JSON of the declared schema, and `model` the
    reference of the declared model, both empty where the signature declares the arguments. `settings` is the JSON of
    what the tool's plugin has read of its config, and `settings_model` what to read it with.
    """

    name: str
    reference: str
    owner: str = ""
    schema: str = ""
    model: str = ""
    is_async: bool = False
    settings: str = field(default="", repr=False)
    settings_model: str = ""

    @classmethod
    def of(cls, tool: Tool[..., Any]) -> ToolSpec:
        """Raises `ToolDefinitionError` for a tool that no other process could find, and says why."""
        binding = tool._binding
        schema = json.dumps(tool.schema) if isinstance(binding, KeywordBinding | DictBinding) else ""
        model = _reference(tool, binding.model, "its model") if isinstance(binding, ModelBinding) else ""
        settings, settings_model = _settings(tool)
        return cls(
            name=tool.name,
            reference=_reference(tool, tool.handler, "its handler"),
            owner=tool.owner,
            schema=schema,
            model=model,
            is_async=tool.is_async,
            settings=settings,
            settings_model=settings_model,
        )

    def to_json(self) -> dict[str, Any]:
        """The spec as a JSON object; `ToolSpec(**object)` is the spec again."""
        return asdict(self)

    def load(self) -> Tool[..., Any]:
        """The tool, imported here. Raises what the import raises, and `ToolDefinitionError`."""
        handler = _handler(_resolve(self.reference))
        parameters = _resolve(self.model) if self.model else json.loads(self.schema) if self.schema else None
        tool: Tool[..., Any] = Tool(self.name, handler, parameters=parameters, owner=self.owner)
        settings = json.loads(self.settings) if self.settings else None
        if self.settings_model:
            settings = _resolve(self.settings_model).model_validate(settings)
        return tool.with_settings(settings)


def _resolve(reference: str) -> Any:
    module, _, qualname = reference.partition(":")
    found: Any = importlib.import_module(module)
    for name in qualname.split("."):
        found = getattr(found, name)
    return found


def _handler(found: Any) -> Callable[..., Any]:
    return found.handler if isinstance(found, Tool) else found


def _reference(tool: Tool[..., Any], target: Any, what: str) -> str:
    """The way to import `target`; it must lead there in this process already."""
    module, qualname = getattr(target, "__module__", ""), getattr(target, "__qualname__", "")
    problem = _no_way(target, module, qualname)
    if not problem:
        try:
            found = _handler(_resolve(f"{module}:{qualname}"))
        except (ImportError, AttributeError):
            found = None
        if found == target:
            return f"{module}:{qualname}"
        problem = f"is not what {module}:{qualname} leads to"
    raise ToolDefinitionError(
        tool.name, f"{what} {problem}, so a worker process cannot find it", owner=tool.place, fix=_FIX
    )


def _no_way(target: Any, module: object, qualname: object) -> str:
    if module == "__main__":
        return "is defined in the program that is run, which no other process may run again"
    if "<lambda>" in str(qualname):
        return "is a lambda"
    if "<locals>" in str(qualname):
        return "is defined inside a function"
    if inspect.ismethod(target) and not inspect.isclass(target.__self__):
        return "is a method of an object"
    if innermost(target) is not target:
        return "is a functools.partial"
    is_text = isinstance(module, str) and isinstance(qualname, str) and module and qualname
    if not is_text or str(module) not in sys.modules:
        return "has no name in a module"
    return ""


def _settings(tool: Tool[..., Any]) -> tuple[str, str]:
    settings = tool.settings
    if settings is None:
        return "", ""
    try:
        if not hasattr(settings, "model_dump"):
            return json.dumps(settings), ""
        text = json.dumps(settings.model_dump(), default=_setting)
    except (TypeError, ValueError) as error:
        problem = f"its plugin's settings are no JSON ({error}), so they cannot come to a worker process"
        raise ToolDefinitionError(tool.name, problem, owner=tool.place) from None
    return text, _reference(tool, type(settings), "the model of its settings")


def _setting(value: Any) -> Any:
    """What JSON does not know: paths and the like, and secrets as they are, for the process is the runtime's own."""
    return value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
