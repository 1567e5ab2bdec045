"""Every hook that a plugin may implement.

A plugin is a module, or an object, that an entry point of group `agentframework` names; the entry point's name is the
plugin's name. Its hooks are called once, when plugins are loaded, in the order below and on the thread that loads
them: a plain function each, with the one argument `register`. What a plugin registers is taken over when all of its
hooks have returned; where one raises, or two plugins register the same name, nothing of that plugin is, and the other
plugins go on without it.
"""

from __future__ import annotations

from agentframework.hookspecs.markers import hookspec
from agentframework.hookspecs.registrars import (
    ApproverRegistrar,
    AudioBackendRegistrar,
    CallbacksRegistrar,
    ToolRegistrar,
)

__all__ = ["register_approvers", "register_audio_backends", "register_callbacks", "register_tools"]


@hookspec
def register_tools(register: ToolRegistrar) -> None:
    """Register the tools that this plugin brings: functions, or tools that `@tool` or `Tool` made.

        @hookimpl
        def register_tools(register):
            register(world_time)
            register(book, name="book_table", timeout=5.0)

    A function becomes a tool as `@tool` would make it, with the same options: `name`, `description`, `parameters`,
    `timeout`, `risk` and the others.
    """


@hookspec
def register_callbacks(register: CallbacksRegistrar) -> None:
    """Register objects that are told what happens in a conversation, made of a class that derives from `Callbacks`.

        @hookimpl
        def register_callbacks(register):
            register(Transcript)                  # one for each conversation
            register(Statistics())                # one for all conversations

    A class, or a function without arguments that returns such an object, is called for each conversation. An object
    is told of all conversations, from several threads at once where several are held.
    """


@hookspec
def register_audio_backends(register: AudioBackendRegistrar) -> None:
    """Register audio backends by the name under which `[audio] backend` chooses one.

        @hookimpl
        def register_audio_backends(register):
            register("tone", ToneBackend)

    The second argument is called without arguments, once for each conversation, and returns an `AudioBackend`. A
    class will do; a function may give it settings: `register("tone", lambda: ToneBackend(settings.rate_hz))`.
    """


@hookspec
def register_approvers(register: ApproverRegistrar) -> None:
    """Register whom to ask whether a call may run, by the name under which `[policy] approver` chooses one.

        @hookimpl
        def register_approvers(register):
            register("pager", Pager)

    The second argument is called without arguments, once, where the config chooses that approver, and returns an
    `Approver`. A class will do; a function may give it settings: `register("pager", lambda: Pager(settings.number))`.
    """
