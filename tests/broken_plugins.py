"""Plugins that are wrong in one way each: the code, and a part of the cause and of the fix that are reported."""

from __future__ import annotations

from throwaway import GOOD

__all__ = ["BROKEN"]

BROKEN = {
    "import_error": (
        "import a_module_that_nobody_has",
        "it cannot be imported: No module named 'a_module_that_nobody_has' (",
        "pip install --upgrade import_error-dist",
    ),
    "syntax_error": ("def f(:\n", "its code is no Python 3.", "pip install --upgrade syntax_error-dist"),
    "system_exit": ("import sys; sys.exit(3)", "it tried to end the process at import (", "disable it: [plugins]"),
    "os_error": (
        "raise OSError('libportaudio.so: cannot open shared object file')",
        "at import it raised OSError: libportaudio.so: cannot open shared object file (",
        "",
    ),
    "base_exception": ("class Odd(BaseException): ...\nraise Odd", "at import it raised Odd: no reason given (", ""),
    "wordless": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd",
        "at import it raised Odd: an error without words (",
        "",
    ),
    "long": ("raise ValueError('x' * 1000 + chr(10) + 'second line')", "x" * 300 + "... (", ""),
    "no_hook": (
        "def register_something(): ...",
        "it has no hook",
        ("Its author defines one of register_tools, register_callbacks, register_audio_backends, "
        "register_approvers, each with @hookimpl"),
    ),
    "unmarked": (
        "def register_tools(register): ...",
        "register_tools lacks its mark",
        "Its author writes it as: @hookimpl def register_tools(register)",
    ),
    "misspelt": (
        "from agentframework import hookimpl\n@hookimpl\ndef register_tool(register): ...",
        "there is no hook 'register_tool'; did you mean 'register_tools'?",
        "",
    ),
    "extra_argument": (
        "from agentframework import hookimpl\n@hookimpl\ndef register_tools(register, config): ...",
        "register_tools has an argument 'config', which it would never be given",
        "Its author writes it as: @hookimpl def register_tools(register)",
    ),
    "other_argument": (
        "from agentframework import hookimpl\n@hookimpl\ndef register_tools(registry): ...",
        "register_tools has an argument 'registry', which it would never be given",
        "",
    ),
    "default": (
        "from agentframework import hookimpl\n@hookimpl\ndef register_tools(register=None): ...",
        "register_tools gives 'register' a default, so it would never be given",
        "",
    ),
    "keyword_only": (
        "from agentframework import hookimpl\n@hookimpl\ndef register_tools(*, register): ...",
        "register_tools has an argument 'register', which it would never be given",
        "",
    ),
    "no_argument": (
        "from agentframework import hookimpl\n@hookimpl\ndef register_tools(): ...",
        "register_tools takes no 'register', so it can register nothing",
        "",
    ),
    "async_hook": (
        "from agentframework import hookimpl\n@hookimpl\nasync def register_tools(register): ...",
        "register_tools is an async def, and nobody awaits it",
        "",
    ),
    "awaitable": (
        ("from agentframework import hookimpl\nasync def later(): ...\n@hookimpl\ndef register_tools(register):\n"
        "    return later()"),
        "register_tools returned an awaitable, and nobody awaits it",
        "",
    ),
    "generator": (
        "from agentframework import hookimpl\n@hookimpl\ndef register_tools(register):\n    yield",
        "register_tools yields, and nobody goes on after that",
        "",
    ),
    "wrapper": (
        "from agentframework import hookimpl\n@hookimpl(wrapper=True)\ndef register_tools(register):\n    yield",
        "register_tools yields, and nobody goes on after that",
        "",
    ),
    "half_way": (
        GOOD.replace("register(greet)", "register(greet, name='half_way_tool'); raise RuntimeError('no lamp found')"),
        "in register_tools it raised RuntimeError: no lamp found (",
        "",
    ),
    "exits_in_hook": (
        GOOD.replace("register(greet)", "register(greet, name='half_way_tool'); raise SystemExit"),
        "it tried to end the process in register_tools (",
        "",
    ),
    "bad_tool": (
        GOOD.replace("register(greet)", "register(greet, name='not a name')"),
        "tool 'not a name' of bad_tool: a tool's name is 1 to 64 letters, digits, _ or -",
        "",
    ),
    "twice": (
        GOOD.replace("register(greet)", "register(greet); register(lambda: 1, name='greet')"),
        "tool 'greet' of twice: the name is taken by twice",
        "",
    ),
    "no_tool": (
        GOOD.replace("register(greet)", "register(3)"),
        "register_tools registers a int",
        'Give register a function or a Tool; until then disable it: [plugins] disable = ["no_tool"].',
    ),
    "tool_with_options": (
        GOOD.replace("register(greet)", "import agentframework as a; register(a.tool(greet), name='x')"),
        "register was given options beside the tool 'greet'",
        "Give them to @tool(...) or Tool(...)",
    ),
    "not_callbacks": (
        ("from agentframework import hookimpl\nclass C: ...\n@hookimpl\ndef register_callbacks(register):\n"
        "    register(C)"),
        "C does not derive from Callbacks",
        "",
    ),
    "callbacks_object": (
        "from agentframework import hookimpl\n@hookimpl\ndef register_callbacks(register):\n    register(3)",
        "register_callbacks registers a int",
        "",
    ),
    "callbacks_with_arguments": (
        ("from agentframework import hookimpl, Callbacks\nclass C(Callbacks):\n    def __init__(self, path): ...\n"
        "@hookimpl\ndef register_callbacks(register):\n    register(C)"),
        "its callbacks cannot be made without path",
        "a function without arguments",
    ),
    "backend_named_none": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_audio_backends(register):\n"
        "    register('none', lambda: 1)"),
        "an audio backend cannot be called 'none'",
        "",
    ),
    "backend_swapped": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_audio_backends(register):\n"
        "    register(int, 'tone')"),
        "an audio backend cannot be called <class 'int'>",
        'register("name", BackendClass)',
    ),
    "backend_class": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_audio_backends(register):\n"
        "    register('tone', int)"),
        "int does not derive from AudioBackend",
        "",
    ),
    "backend_incomplete": (
        ("from agentframework import AudioBackend, hookimpl\nclass B(AudioBackend):\n    def flush(self): ...\n"
        "@hookimpl\ndef register_audio_backends(register):\n    register('tone', B)"),
        "the audio backend 'tone' lacks start, stop",
        "",
    ),
    "backend_object": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_audio_backends(register):\n"
        "    register('tone', object())"),
        "the audio backend 'tone' is registered by a object",
        "an object serves one conversation",
    ),
    "backend_twice": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_audio_backends(register):\n"
        "    register('tone', lambda: 1); register('tone', lambda: 2)"),
        "it registers the audio backend 'tone' twice",
        "",
    ),
    "approver_named_by_a_class": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_approvers(register):\n"
        "    register(int, 'pager')"),
        "an approver cannot be called <class 'int'>",
        'register("name", ApproverClass)',
    ),
    "approver_class": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_approvers(register):\n"
        "    register('pager', int)"),
        "int does not derive from Approver",
        "",
    ),
    "approver_incomplete": (
        ("from agentframework import Approver, hookimpl\nclass A(Approver): ...\n"
        "@hookimpl\ndef register_approvers(register):\n    register('pager', A)"),
        "the approver 'pager' lacks approve",
        "",
    ),
    "approver_object": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_approvers(register):\n"
        "    register('pager', object())"),
        "the approver 'pager' is registered by a object",
        "the class, or a function that makes one",
    ),
    "approver_twice": (
        ("from agentframework import hookimpl\n@hookimpl\ndef register_approvers(register):\n"
        "    register('pager', lambda: 1); register('pager', lambda: 2)"),
        "it registers the approver 'pager' twice",
        "",
    ),
    "no_model": (
        GOOD.replace("register(greet)", "register.settings(dict)"),
        "register.settings was not given a pydantic model",
        "register.settings(Settings)",
    ),
}  # fmt: skip
