"""What a plugin did wrong, in words for the one who has installed it: the cause, its place, and what helps."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb

from agentframework.errors import ConfigError, PluginError, ToolDefinitionError
from agentframework.plugins.discovery import Found

__all__ = ["AT_IMPORT", "Refusal", "disable_hint", "fault_of", "leave_out_hint"]

AT_IMPORT = "at import"
"""The stage of loading in which a plugin's module is imported; the others are called like the hooks."""

_PACKAGE = str(Path(__file__).parent.parent)
_LONGEST_TEXT = 300


class Refusal(Exception):  # noqa: N818 - no error of the runtime: it becomes a PluginError before anybody sees it
    """A plugin is not what a plugin must be. `fix` is what its author does, or what `remedy` says its user does."""

    def __init__(self, cause: str, fix: str = "", *, remedy: str = "") -> None:
        super().__init__(cause, fix, remedy)
        self.cause = cause
        self.fix = fix
        self.remedy = remedy


def disable_hint(found: Found) -> str:
    """The line of the config that leaves it out."""
    section = "plugins" if found.kind == "plugin" else "tools"
    return f'[{section}] disable = ["{found.name}"]'


def leave_out_hint(found: Found) -> str:
    """The line of the config that leaves out all that comes from there: a tool's name may be another's too."""
    return f'[plugins] disable = ["{found.owner.name}"]'


def fault_of(found: Found, error: BaseException, stage: str) -> PluginError:
    """The error that is reported where loading `found` ended with `error` in this stage."""
    disable = f"or disable it: {disable_hint(found)}"
    until_then = f"; until then disable it: {disable_hint(found)}"
    upgrade = f"Upgrade it (pip install --upgrade {found.distribution}) {disable}"
    match error:
        case Refusal(remedy=remedy) if remedy:
            cause, fix = error.cause, remedy
        case Refusal() | PluginError():
            cause, fix = error.cause, error.fix + until_then if error.fix else upgrade
        case ConfigError():
            cause = f"its settings are wrong: {'; '.join(map(str, error.problems))}"
            fix = f"Correct [plugins.{found.name}] {disable}"
        case ToolDefinitionError():
            cause, fix = str(error), upgrade
        case SystemExit():
            cause, fix = f"it tried to end the process {_stage(stage)}{_place(error)}", upgrade
        case SyntaxError() if stage == AT_IMPORT:
            place = f"{error.filename}:{error.lineno}"
            cause = f"its code is no Python {platform.python_version()}: {error.msg} ({place})"
            fix = upgrade
        case ImportError() if stage == AT_IMPORT and _is_its_own_module(found, error):
            cause = f"its entry point names the module {error.name!r}, which is not there"
            fix = f"Install it again (pip install --force-reinstall {found.distribution}) {disable}"
        case ImportError() if stage == AT_IMPORT:
            cause, fix = f"it cannot be imported: {_text(error)}{_place(error)}", upgrade
        case _:
            cause = f"{_stage(stage)} it raised {type(error).__name__}: {_text(error)}{_place(error)}"
            fix = upgrade
    fault = PluginError(found.name, found.distribution, found.version, cause, f"{fix}.")
    fault.__cause__ = error
    return fault


def _stage(stage: str) -> str:
    return stage if stage == AT_IMPORT else f"in {stage}"


def _is_its_own_module(found: Found, error: ImportError) -> bool:
    module = found.entry_point.module
    return isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")


def _text(error: BaseException) -> str:
    try:
        text = str(error).strip() or "no reason given"
    except Exception:  # noqa: BLE001 - an error that cannot be put in words is told by its type
        return "an error without words"
    first_line = text.splitlines()[0]
    return first_line if len(first_line) <= _LONGEST_TEXT else first_line[:_LONGEST_TEXT] + "..."


def _place(error: BaseException) -> str:
    """The last place in the plugin's own code, or in what it uses; nothing of ours."""
    places = list(_places(error))
    return f" ({places[-1]})" if places else ""


def _places(error: BaseException) -> Iterator[str]:
    for frame, line in walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if not file.startswith((_PACKAGE, "<frozen")) and "importlib" not in Path(file).parts:
            yield f"{file}:{line}"
