"""A table read by a pydantic model, with every mistake in words that say where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from agentframework.config.lines import KeyPath
from agentframework.config.source import Source
from agentframework.errors import ConfigError, ConfigProblem
from agentframework.spelling import did_you_mean

__all__ = ["in_order", "members_of", "read_table", "wrong"]

ModelT = TypeVar("ModelT", bound=BaseModel)

_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a table",
    "model": "a table",
    "date": "a date",
    "datetime": "a date and time",
    "path": "a path",
}
_BOUNDS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "at least {}"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "at most {}"),
}


def wrong(problem: str, fix: str = "") -> PydanticCustomError:
    """What a validator of ours raises: the problem and the fix, neither with the value in it, which may be secret."""
    return PydanticCustomError("wrong", "{problem}", {"problem": problem, "fix": fix})


def in_order(problems: Iterable[ConfigProblem]) -> list[ConfigProblem]:
    """Problems in the order of the file; one that is said twice is said once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line or 0, problem.key))


def read_table(
    model: type[ModelT],
    table: Mapping[str, Any],
    source: Source,
    *,
    at: KeyPath = (),
    in_file: Callable[[KeyPath], KeyPath] = lambda path: path,
    hint: Callable[[KeyPath], str] = lambda path: "",
) -> ModelT:
    """`table` as a `model`; unknown keys are mistakes, unless the model says `extra="allow"` itself.

    `at` is where the table stands in the file; `in_file` says where a path below it stands, where that is not the
    same. `hint(path)` may add to what is said of an unknown key. Raises `ConfigError` with all problems.
    """
    extra: Literal["forbid"] | None = None if model.model_config.get("extra") == "allow" else "forbid"
    try:
        return model.model_validate(table, extra=extra, context=source)
    except ValidationError as error:
        reader = _Reader(model, table, source, lambda path: at + in_file(path), hint)
        problems = [reader.problem(details) for details in error.errors(include_url=False)]
    raise ConfigError(in_order(problems)) from None  # pydantic's own text would show the values


class _Reader:
    def __init__(
        self,
        model: type[BaseModel],
        table: Mapping[str, Any],
        source: Source,
        in_file: Callable[[KeyPath], KeyPath],
        hint: Callable[[KeyPath], str],
    ) -> None:
        self.model = model
        self.table = table
        self.source = source
        self.in_file = in_file
        self.hint = hint

    def problem(self, details: ErrorDetails) -> ConfigProblem:
        kind, context = details["type"], details.get("ctx", {})
        path = self._path(details["loc"], is_missing=kind == "missing")
        problem, fix = self._words(kind, path, details)
        if kind == "wrong":
            problem, fix = context["problem"], context["fix"]
        return self.source.problem(self.in_file(path), problem, fix)

    def _path(self, location: Sequence[str | int], *, is_missing: bool) -> KeyPath:
        """As much of pydantic's location as is a way through the table: the rest names parts of types."""
        table: object = self.table
        path: KeyPath = ()
        for part in location:
            is_position = isinstance(table, list) and isinstance(part, int) and part < len(table)
            if is_position or (isinstance(table, Mapping) and part in table):
                table = table[part]  # type: ignore[index]
                path = (*path, part)
                continue
            return (*path, part) if is_missing or part in _keys(self.model, path) else path
        return path

    def _words(self, kind: str, path: KeyPath, details: ErrorDetails) -> tuple[str, str]:
        context, came = details.get("ctx", {}), details["input"]
        if kind == "missing":
            return "is missing", ""
        if kind == "extra_forbidden":
            known = _keys(self.model, path[:-1])
            fix = did_you_mean(str(path[-1]), known) or self.hint(path)
            return "unknown key", fix or (
                f"known are {', '.join(known)}" if known else "no key is known here"
            )
        if kind in {"literal_error", "enum"}:
            words = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
            fix = did_you_mean(came, words) if isinstance(came, str) else ""
            return f"expected {context['expected']}, got {self._came(came, path)}", fix
        if kind in _BOUNDS:
            name, words_for = _BOUNDS[kind]
            return f"expected {words_for.format(_number(context[name]))}, got {self._came(came, path)}", ""
        if kind == "string_too_short" and context["min_length"] == 1:
            return "expected text that is not empty", ""
        expected = _EXPECTED.get(kind) or _EXPECTED.get(kind.split("_")[0])
        if expected is not None:
            return f"expected {expected}, got {self._came(came, path)}", self._without_quotes(
                expected, came, path
            )
        return details["msg"].removeprefix("Value error, "), ""

    def _came(self, value: object, path: KeyPath) -> str:
        """What stood there: never a text, which may be secret, and nothing that came from elsewhere."""
        origin = self.source.origin_of(self.in_file(path))
        if origin is not None:
            return f"something else from {origin}"
        match value:
            case bool():
                return str(value).lower()
            case int() | float():
                return str(value)
            case str():
                return "text"
            case list() | tuple():
                return "a list"
            case dict():
                return "a table"
            case _:
                return f"a {type(value).__name__}"

    def _without_quotes(self, expected: str, came: object, path: KeyPath) -> str:
        if not isinstance(came, str) or self.source.origin_of(self.in_file(path)) is not None:
            return ""
        if expected == "a list":
            return 'write a list: ["...", "..."]'
        is_bare = (
            came.strip().replace(".", "", 1).isdigit() if "number" in expected else came in {"true", "false"}
        )
        return "write it without quotes" if is_bare else ""


def _keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that the table at `path` below a model may have, as far as types tell."""
    annotation: object = model
    for part in path:
        annotation = _below(annotation, part)
    return [key for option in members_of(annotation) for key in _fields(option)]


def _below(annotation: object, part: str | int) -> object:
    for option in members_of(annotation):
        if part in (fields := _fields(option)):
            return fields[str(part)]
        if get_origin(option) is not None and (inner := get_args(option)):
            return inner[0] if isinstance(part, int) else inner[-1]
    return None


def members_of(annotation: object) -> list[object]:
    """What an annotation may stand for: the members of a union, without what `Annotated` adds."""
    if get_origin(annotation) is Annotated:
        return members_of(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [option for member in get_args(annotation) for option in members_of(member)]
    return [annotation]


def _fields(option: object) -> dict[str, object]:
    if not (isinstance(option, type) and issubclass(option, BaseModel)):
        return {}
    fields = option.model_fields.items()
    return {
        field.validation_alias if isinstance(field.validation_alias, str) else name: field.annotation
        for name, field in fields
    }


def _number(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)
