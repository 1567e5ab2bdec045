"""The tools and handlers of a conversation: the program's own, and those of plugins."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from agentframework.callbacks import Callbacks
from agentframework.conversation.client_tools import PROGRAM, ClientTools
from agentframework.conversation.data import Plugins
from agentframework.errors import DuplicateToolError, PluginError
from agentframework.session.session import OwnedHandler
from agentframework.tools.registry import ToolRegistry

if TYPE_CHECKING:
    from agentframework.plugins import LoadedPlugins

__all__ = ["Offer"]

_log = logging.getLogger("agentframework.conversation")


class Offer:
    """The tools and handlers of one conversation; where plugins are asked for, they are loaded here.

    Raises `PluginError` where a plugin that is named is missing or fails; of "all", those that fail are logged and
    left out. Raises `DuplicateToolError` where the program and a plugin have a tool of the same name.
    """

    def __init__(
        self,
        client_tools: ClientTools | ToolRegistry,
        callbacks: Callbacks | Sequence[Callbacks] | None,
        plugins: Plugins | None,
    ) -> None:
        self._own = client_tools if isinstance(client_tools, ToolRegistry) else client_tools.registry
        self._handlers = [callbacks] if isinstance(callbacks, Callbacks) else list(callbacks or ())
        self._of_plugins = ToolRegistry()
        self._plugins: LoadedPlugins | None = None
        if plugins:
            # here, because plugins and the config's models are a sixth of the import, and most programs use neither
            from agentframework.conversation.installed import load_installed

            self._plugins = load_installed(self._of_plugins, plugins)
        self.tools()

    def tools(self) -> ToolRegistry:
        """The tools to host: the program's own registry as it grows, or with plugins all tools of this moment."""
        if not len(self._of_plugins):
            return self._own
        joined = ToolRegistry()
        for tool in self._own:
            joined.add(tool, owner=tool.owner or PROGRAM)
        for tool in self._of_plugins:
            try:
                joined.add(tool)
            except DuplicateToolError as error:
                error.fix = "register yours under another name, or leave that plugin out of plugins="
                raise
        return joined

    def handlers(self) -> Iterator[OwnedHandler]:
        """The handlers of one conversation, the program's first; of a plugin's that cannot be made, the log tells."""
        for handler in self._handlers:
            yield OwnedHandler(f"{PROGRAM}'s {type(handler).__name__}", handler)
        for one in self._plugins.callbacks if self._plugins else ():
            try:
                yield OwnedHandler(one.owner, one.make())
            except PluginError as error:
                _log.error("%s", error, exc_info=error.__cause__)
