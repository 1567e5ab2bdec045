"""The line of every key is found, wherever and however it is written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.config.lines import KeyPath, dotted, find_lines

DOCUMENT = '''\
# a comment = "not a key"
title = "x"

[agent]
url = "wss://h/p?a=1#b" # with [brackets] = 1
api_key = { env = "KEY" }
"quoted key".'and literal' = 1
text = """
[not.a.header]
fake = 1 \\""" still
""" # end
literal = \'\'\'
also = 'not' a key
it's\'\'\'\'
when = 1979-05-27 07:32:00

[plugins.hue]
lamps = [
    "kitchen",   # [
    { name = "hall", at = [1,
        2] },
]
deep.er.key = true

[[plugins.hue.scenes]]
name = "evening"
[plugins.hue.scenes.light]
level = 3
[[plugins.hue.scenes]]
name = "night"
[[plugins.hue.scenes.steps]]
wait = 1

[plugins]
disable = []
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("agent",), 4),
        (("agent", "url"), 5),
        (("agent", "api_key"), 6),
        (("agent", "api_key", "env"), 6),
        (("agent", "quoted key"), 7),
        (("agent", "quoted key", "and literal"), 7),
        (("agent", "text"), 8),
        (("agent", "literal"), 12),
        (("agent", "when"), 15),
        (("plugins", "hue"), 17),
        (("plugins", "hue", "lamps"), 18),
        (("plugins", "hue", "lamps", 0), 19),
        (("plugins", "hue", "lamps", 1), 20),
        (("plugins", "hue", "lamps", 1, "at", 1), 21),
        (("plugins", "hue", "deep", "er"), 23),
        (("plugins", "hue", "deep", "er", "key"), 23),
        (("plugins", "hue", "scenes"), 25),
        (("plugins", "hue", "scenes", 0, "name"), 26),
        (("plugins", "hue", "scenes", 0, "light"), 27),
        (("plugins", "hue", "scenes", 0, "light", "level"), 28),
        (("plugins", "hue", "scenes", 1), 29),
        (("plugins", "hue", "scenes", 1, "steps", 0, "wait"), 32),
        (("plugins",), 34),
        (("plugins", "disable"), 35),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_key_is_found_where_it_stands(path: KeyPath, line: int, newline: str) -> None:
    assert find_lines(DOCUMENT.replace("\n", newline)).line_of(path) == line


def test_a_key_that_is_missing_is_missed_where_its_table_begins() -> None:
    lines = find_lines(DOCUMENT)
    assert lines.line_of(("agent", "id")) == 4
    assert lines.line_of(("plugins", "hue", "scenes", 1, "colour")) == 29
    assert lines.line_of(("workers", "threads")) is None


def test_the_document_of_these_tests_is_read_by_the_standard_parser_in_the_same_way() -> None:
    assert set(paths_of(tomllib.loads(DOCUMENT))) == set(find_lines(DOCUMENT).lines)


def test_inline_tables_are_told_from_others() -> None:
    assert find_lines(DOCUMENT).inline == {("agent", "api_key"), ("plugins", "hue", "lamps", 1)}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("agent", "url"), "agent.url"),
        (("plugins", "my plugin", "x"), 'plugins."my plugin".x'),
        (("a", 'say "hi"\\'), 'a."say \\"hi\\"\\\\"'),
        (("plugins", "hue", "lamps", 2, "name"), "plugins.hue.lamps[2].name"),
        ((), ""),
    ],
)
def test_a_path_is_written_as_toml_writes_it(path: KeyPath, text: str) -> None:
    assert dotted(path) == text


def paths_of(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The paths of all keys and positions, as the parser of the standard library sees them."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in parts:
        yield from paths_of(item, (*path, key))


keys = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True),
    st.text("ab.\"#[]=\\' é", max_size=5).map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
    st.text('ab."#[]= é', max_size=5).map(lambda text: f"'{text}'"),
)
scalars = st.one_of(
    st.sampled_from(["1", "-2.5e3", "true", "inf", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00", "0x1F"]),
    st.text("ab\"#[]{}=,\\'\n", max_size=8).map(
        lambda text: '"""' + text.replace("\\", "\\\\").replace('"', '\\"') + '"""'
    ),
    st.text('ab"#[]{}=,', max_size=8).map(lambda text: f"'{text}'"),
    st.text('ab"#[]{}=,\n', max_size=8).map(lambda text: f"'''{text}'''"),
    st.sampled_from(['""""', '""""""', "''''a''''", '"""a"""""', "''''''", '""', "''"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ # [\n" + ",\n".join([*items, ""]) + "]"),
        st.lists(st.tuples(keys, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=6,
)
lines = st.one_of(
    st.tuples(st.lists(keys, min_size=1, max_size=3), values).map(
        lambda pair: f"{' . '.join(pair[0])} = {pair[1]}  # {{ comment"
    ),
    st.lists(keys, min_size=1, max_size=3).map(lambda parts: f"[{' . '.join(parts)}]"),
    st.lists(keys, min_size=1, max_size=3).map(lambda parts: f" [[ {'.'.join(parts)} ]]"),
    st.just(""),
)


@given(st.lists(lines, max_size=8).map("\n".join))
def test_every_key_of_any_document_is_found_and_no_other(document: str) -> None:
    try:
        parsed = tomllib.loads(document)
    except tomllib.TOMLDecodeError:
        return
    assert set(find_lines(document).lines) == set(paths_of(parsed))
