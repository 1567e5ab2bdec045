"""The hooks of plugins: checked before they are called, and called one plugin at a time."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pluggy

from agentframework import hookspecs
from agentframework.hookspecs import (
    PROJECT,
    ApproverRegistrar,
    AudioBackendRegistrar,
    CallbacksRegistrar,
    Contribution,
    ToolRegistrar,
)
from agentframework.plugins.faults import Refusal
from agentframework.spelling import nearest

__all__ = ["HOOKS", "Hooks"]

HOOKS: dict[str, Callable[[Contribution], object]] = {
    "register_tools": ToolRegistrar,
    "register_callbacks": CallbacksRegistrar,
    "register_audio_backends": AudioBackendRegistrar,
    "register_approvers": ApproverRegistrar,
}
"""Each hook, in the order in which they are called, and what makes its `register`."""

_WRITE_IT_SO = "Its author writes it as: @hookimpl def {}(register)"


class Hooks:
    """The plugins that take part. pluggy checks some of what they may have wrong, and the rest is checked here."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)

    def admit(self, name: str, plugin: object) -> None:
        """Take a plugin in. Raises `Refusal` for a hook that is misspelt or could not be called."""
        self._check(plugin)
        registered_as = self._manager.get_name(plugin)
        if registered_as is not None:
            raise Refusal(
                f"it is the plugin {registered_as!r} once more",
                "Its author takes one of the two entry points out",
            )
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise Refusal(" ".join(str(error).split())) from error

    def withdraw(self, name: str) -> None:
        """Forget a plugin, if it was taken in."""
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)

    def call(self, hook: str, name: str, contribution: Contribution) -> None:
        """Call one hook of one plugin, if it has it. Raises what the hook raises."""
        others = [plugin for other, plugin in self._manager.list_name_plugin() if other != name]
        caller = self._manager.subset_hook_caller(hook, remove_plugins=others)
        for returned in caller(register=HOOKS[hook](contribution)):
            if inspect.isawaitable(returned):
                if inspect.iscoroutine(returned):
                    returned.close()
                raise Refusal(
                    f"{hook} returned an awaitable, and nobody awaits it", _WRITE_IT_SO.format(hook)
                )

    def _check(self, plugin: object) -> None:
        if inspect.isclass(plugin):
            fix = f"Its author names a module or an object, for instance one made by {plugin.__name__}()"
            raise Refusal(f"its entry point names the class {plugin.__name__!r}", fix)
        hash(
            plugin
        )  # pluggy keeps plugins in sets and compares them; one that cannot be would stop the others
        _ = plugin in [object()]
        marked = dict(self._marked(plugin))
        for attribute, options in marked.items():
            _check_hook(options.get("specname") or attribute, getattr(plugin, attribute), options)
        for hook in HOOKS:
            if hook not in marked and callable(getattr(plugin, hook, None)):
                raise Refusal(f"{hook} lacks its mark", _WRITE_IT_SO.format(hook))
        if not marked:
            raise Refusal(
                "it has no hook", f"Its author defines one of {', '.join(HOOKS)}, each with @hookimpl"
            )

    def _marked(self, plugin: object) -> Iterator[tuple[str, Any]]:
        """The attributes that are marked as hooks, with the mark's options."""
        for attribute in dir(plugin):
            options = self._manager.parse_hookimpl_opts(plugin, attribute)
            if options is not None:
                yield attribute, options


def _check_hook(hook: str, implementation: Callable[..., object], options: dict[str, Any]) -> None:
    if hook not in HOOKS:
        if options.get("optionalhook"):
            return
        right = nearest(hook, HOOKS)
        raise Refusal(
            f"there is no hook {hook!r}" + (f"; did you mean {right!r}?" if right else ""),
            f"The hooks are {', '.join(HOOKS)}",
        )
    fix = _WRITE_IT_SO.format(hook)
    if inspect.iscoroutinefunction(implementation):
        raise Refusal(f"{hook} is an async def, and nobody awaits it", fix)
    if options.get("wrapper") or options.get("hookwrapper") or inspect.isgeneratorfunction(implementation):
        raise Refusal(f"{hook} yields, and nobody goes on after that", fix)
    parameters = list(inspect.signature(implementation).parameters.values())
    for parameter in parameters:
        if parameter.name != "register" or parameter.kind is parameter.KEYWORD_ONLY:
            raise Refusal(f"{hook} has an argument {parameter.name!r}, which it would never be given", fix)
        if parameter.default is not parameter.empty:
            raise Refusal(f"{hook} gives 'register' a default, so it would never be given", fix)
    if not parameters:
        raise Refusal(f"{hook} takes no 'register', so it can register nothing", fix)
