"""`agentframework run` as its user sees it: through a pipe, on a terminal, and in tmux at two widths."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_desk import COMMAND, Desk
from cli_screens import WAIT, Terminal, Tmux, line_of
from rest_stub import platform

DESK_ALONE = '[plugins]\nautoload = false\nenable = ["desk"]\n'
GREETING = 'say = "Hello."\n'
HUM = """
import array, math, sys

hum = array.array("h", [round(9000 * math.sin(math.tau * n / 40)) for n in range(8000)]).tobytes()
try:
    while sys.stdout.buffer.write(bytes(len(hum)) + hum):
        pass
except BrokenPipeError:
    pass
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


class TestThroughAPipe:
    """Plain lines in, plain lines out."""

    def test_lines_are_answered_one_by_one(self, desk: Desk) -> None:
        done = desk.run("run", "config.toml", given="/call world_time city=Oslo\nbye\n")
        assert (done.returncode, done.stderr) == (0, "desk_tools is imported\n")
        lines = done.stdout.splitlines()
        assert lines[0] == "start: local agent, 4 tools, 1 plugin"
        assert [line.partition(":")[0] for line in lines if not line.startswith(" ")] == [
            *("start", "agent", "you", "tool", "agent", "you", "agent", "summary")
        ]
        assert re.fullmatch(r'tool: world_time\(city="Oslo"\) -> "14:03" \(\d+ ms\)', lines[-5])
        assert "14:03" in lines[-4]
        assert re.fullmatch(
            r"summary: 2 turns, 1 tool call, no errors, [\d.]+ m?s, conversation \w+", lines[-1]
        )

    def test_the_end_of_the_input_ends_the_conversation_when_the_answer_has_come(self, desk: Desk) -> None:
        done = desk.run("run", "config.toml", given="/call wait seconds=0.3")
        assert done.returncode == 0
        assert 'tool: wait(seconds=0.3) -> "done"' in done.stdout
        assert "summary: 1 turn, 1 tool call, no errors" in done.stdout

    def test_an_empty_input_is_a_conversation_without_a_turn(self, desk: Desk) -> None:
        done = desk.run("run", "config.toml")
        assert done.returncode == 0
        assert "summary: no turns" in done.stdout

    def test_a_tool_that_fails_is_a_sentence_with_an_id_and_a_hint(self, desk: Desk) -> None:
        done = desk.run("run", "config.toml", given="/call divide dividend=1 divisor=0\nbye\n")
        assert done.returncode == 0
        assert re.search(
            r"tool: divide\(.*\) -> exception: divide failed because of an internal error \(id \w+\)",
            done.stdout,
        )
        assert "note: run again with -v" in done.stdout
        assert ", 1 error, " in done.stdout
        assert "Traceback" not in done.stdout + done.stderr

    def test_the_traceback_of_that_id_is_shown_with_v_and_kept_in_a_file(self, desk: Desk) -> None:
        log = desk.folder / "run.log"
        done = desk.run(
            *("run", "config.toml", "-v", "--log-file", str(log)),
            given="/call divide dividend=1 divisor=0\n",
        )
        found = re.search(r"\(id (\w+)\)", done.stdout)
        assert found
        assert "run again" not in done.stdout
        for text in (done.stderr, log.read_text(encoding="utf-8")):
            assert found[1] in text
            assert "ZeroDivisionError" in text
        assert "Traceback" not in done.stdout

    def test_a_tool_that_objects_says_so_without_a_traceback(self, desk: Desk) -> None:
        done = desk.run("run", "config.toml", given="/call world_time city=Atlantis\n")
        assert "-> tool error: There is no city called Atlantis. (" in done.stdout
        assert "run again" not in done.stdout

    def test_an_agent_that_never_says_that_it_is_done_is_not_talked_over(self, desk: Desk) -> None:
        desk.write_script(
            """
            client_events = ["conversation_initiation_metadata", "agent_response", "client_tool_call"]
            [[step]]
            say = "Hello."
            [[step]]
            expect = "user_message"
            [[step]]
            call = "world_time"
            arguments = { city = "Oslo" }
            [[step]]
            expect_result = true
            [[step]]
            say = "It is {result}."
            [[step]]
            expect = "user_message"
            [[step]]
            close = 1000
            """
        )
        done = desk.run("run", "config.toml", given="the time?\nthanks\n")
        spoken = [line for line in done.stdout.splitlines() if line.startswith(("you", "agent"))]
        assert spoken == ["agent: Hello.", "you: the time?", "agent: It is 14:03.", "you: thanks"]
        assert done.returncode == 0

    def test_an_agent_that_stays_after_a_farewell_is_left(self, desk: Desk) -> None:
        desk.write_script(
            f"""
            [[step]]
            {GREETING}
            [[step]]
            expect = "user_message"
            [[step]]
            say = "Goodbye."
            [[step]]
            stall = 20.0
            """
        )
        done = desk.run("run", "config.toml", given="Bye!\nnever sent\n")
        assert done.returncode == 0
        assert "agent: Goodbye." in done.stdout
        assert "never sent" not in done.stdout

    @pytest.mark.soak
    @pytest.mark.timeout(90)
    def test_an_agent_that_says_nothing_is_waited_for_half_a_minute(self, desk: Desk) -> None:
        desk.write_script(f"[[step]]\n{GREETING}\n[[step]]\nstall = 60.0\n")
        with desk.start("run", "config.toml") as process:
            out, errors = process.communicate("hello\n", timeout=60)
        assert process.returncode == 0
        assert "warning: the agent has said nothing for 30 s; going on without an answer" in errors
        assert "summary: 1 turn" in out

    def test_an_end_by_the_agents_side_is_told_with_code_and_reason(self, desk: Desk) -> None:
        desk.write_script(
            f"""
            [[step]]
            {GREETING}
            [[step]]
            expect = "user_message"
            [[step]]
            close = 1008
            reason = "Invalid message received"
            """
        )
        done = desk.run("run", "config.toml", given="hello\n")
        assert done.returncode == 1
        assert "error: the connection was closed with code 1008 (Invalid message received). " in done.stderr
        assert "Traceback" not in done.stderr
        assert ", 1 error, " in done.stdout

    def test_a_connection_that_breaks_is_an_error(self, desk: Desk) -> None:
        desk.write_script(f'[[step]]\n{GREETING}\n[[step]]\nexpect = "user_message"\n[[step]]\ndrop = true\n')
        done = desk.run("run", "config.toml", given="hello\n")
        assert done.returncode == 1
        assert "code 1006" in done.stderr

    def test_a_reader_that_leaves_is_no_error(self, desk: Desk) -> None:
        process = desk.start("run", "config.toml")
        line_of(process, "start:")
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write("/tools\n" * 3)
        process.stdin.close()
        assert process.wait(WAIT) == 0
        assert process.stderr.read() == "desk_tools is imported\n"
        process.stderr.close()

    @pytest.mark.parametrize(
        ("redirection", "code", "said"),
        [(">/dev/full", 2, "error: No space left on device\n"), (">&-", 0, ""), ("<&-", 0, "")],
        ids=["full", "no output", "no input"],
    )
    def test_streams_that_are_full_or_closed_are_no_bug(
        self, desk: Desk, redirection: str, code: int, said: str
    ) -> None:
        command = shlex.join([*COMMAND, "run", "config.toml"])
        done = subprocess.run(
            ["sh", "-c", f"printf 'hello' | {command} {redirection}"],
            cwd=desk.folder,
            env=desk.environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=WAIT,
            check=False,
        )
        assert (done.returncode, done.stderr) == (code, f"desk_tools is imported\n{said}")

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
    def test_a_signal_ends_it_gracefully(self, desk: Desk, number: signal.Signals) -> None:
        with desk.start("run", "config.toml") as process:
            line_of(process, "agent:")
            process.send_signal(number)
            assert line_of(process, "summary:")
            assert process.wait(WAIT) == 0

    def test_a_second_ctrl_c_leaves_at_once(self, desk: Desk) -> None:
        desk.install(
            "slow-tools",
            "slow_tools",
            "import time\n"
            "from agentframework import Callbacks, hookimpl\n"
            "class Slow(Callbacks):\n"
            "    def on_session_ended(self, event):\n"
            "        time.sleep(10)\n"
            "@hookimpl\n"
            "def register_callbacks(register):\n"
            "    register(Slow())\n",
            "[agentframework]\nslow = slow_tools\n",
        )
        desk.write("config.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["slow"]\n')
        with desk.start("run", "config.toml") as process:
            line_of(process, "agent:")
            process.send_signal(signal.SIGINT)
            line_of(process, "note: the conversation is ending; Ctrl-C leaves at once")
            process.send_signal(signal.SIGINT)
            assert process.wait(WAIT) == 130

    def test_what_a_tool_prints_is_no_part_of_the_conversation(self, desk: Desk) -> None:
        desk.install(
            *("loud-tools", "loud_tools", 'def shout() -> None:\n    """Shout."""\n    print("HEY")\n'),
            "[agentframework.tools]\nshout = loud_tools:shout\n",
        )
        desk.write(
            "config.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["loud-tools"]\n'
        )
        done = desk.run("run", "config.toml", given="/call shout\n")
        assert 'tool: shout() -> "ok"' in done.stdout
        assert "HEY" not in done.stdout
        assert "HEY\n" in done.stderr

    def test_ctrl_c_while_a_plugin_is_imported_leaves_quietly(self, desk: Desk) -> None:
        desk.install(
            *("slow-start", "slow_start", 'import time\nprint("importing", flush=True)\ntime.sleep(20)\n'),
            "[agentframework]\nslow = slow_start\n",
        )
        desk.write("config.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["slow"]\n')
        with desk.start("run", "config.toml") as process:
            assert process.stderr is not None
            assert process.stderr.readline() == "importing\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(WAIT) == 130
            assert process.stderr.read() == ""

    def test_a_tool_that_hangs_does_not_delay_the_end(self, desk: Desk) -> None:
        begun = time.monotonic()
        with desk.start("run", "config.toml") as process:
            line_of(process, "agent:")
            assert process.stdin is not None
            process.stdin.write("/call wait seconds=60\n")
            process.stdin.flush()
            line_of(process, "you:")
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT) == 0
        assert time.monotonic() - begun < WAIT


class TestMistakes:
    """What is wrong is said in a line or two, and nothing is started."""

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ('[agent]\nurl = "local"\nidd = "a"\n', r"config\.toml:3: agent\.idd: unknown key"),
            ("[agent\n", r"config\.toml:1: .*is no TOML"),
            (
                '[agent]\nid = "a"\nrequires_auth = true\napi_key = { env = "NOT_SET" }\n',
                r"config\.toml:4: agent\.api_key: .*NOT_SET",
            ),
            ('[agent]\nurl = "local"\n[plugins]\nrequired = ["chess"]\n', r"chess"),
            (
                '[agent]\nurl = "local"\n[audio]\nbackend = "chess"\n',
                r"config\.toml:4: audio\.backend: .*'chess'",
            ),
            (
                '[agent]\nurl = "local"\nscript = "s.toml"\n',
                r"config\.toml:3: agent\.script: there is no such file",
            ),
        ],
        ids=["key", "syntax", "variable", "plugin", "backend", "script"],
    )
    def test_a_mistake_in_the_config_is_one_line(self, desk: Desk, config: str, said: str) -> None:
        desk.write("config.toml", config)
        done = desk.run("run", "config.toml", given="hello\n")
        assert (done.returncode, done.stdout) == (2, "")
        lines = [line for line in done.stderr.splitlines() if line != "desk_tools is imported"]
        assert len(lines) == 1
        assert re.search(said, lines[0])

    def test_a_file_that_is_not_there_is_one_line(self, desk: Desk) -> None:
        done = desk.run("run", "nothing.toml")
        assert (done.returncode, done.stderr) == (2, "nothing.toml: there is no such file\n")

    def test_a_server_that_is_not_there_is_one_line(self, desk: Desk) -> None:
        desk.write("config.toml", f'[agent]\nurl = "ws://127.0.0.1:1/agent"\n{DESK_ALONE}')
        done = desk.run("run", "config.toml", given="hello\n")
        assert done.returncode == 1
        assert re.fullmatch(r"(desk_tools is imported\n)?error: .*127\.0\.0\.1.*\n", done.stderr)

    @pytest.mark.parametrize(("status", "said"), [(401, "key"), (404, "agent")])
    def test_what_the_platform_refuses_is_one_line_without_the_key(
        self, desk: Desk, status: int, said: str
    ) -> None:
        with platform(status, {"detail": "no"}) as server:
            desk.write(
                "config.toml",
                f'[agent]\nid = "agent_1"\nurl = "{server.url}"\nrequires_auth = true\n'
                f'api_key = {{ env = "SOME_KEY" }}\n{DESK_ALONE}',
            )
            done = desk.run("run", "config.toml", given="hello\n", SOME_KEY="sk-very-secret")
        assert done.returncode == 1
        assert re.fullmatch(rf"(desk_tools is imported\n)?error: .*{said}.*\n", done.stderr)
        assert "sk-very-secret" not in done.stderr + done.stdout

    def test_a_plugin_that_fails_is_a_warning_and_the_rest_goes_on(self, desk: Desk) -> None:
        desk.install(
            *("broken-tools", "broken_tools", "import nothing_like_it\n"),
            "[agentframework]\nbroken = broken_tools\n",
        )
        desk.write(
            "config.toml",
            '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["desk", "broken"]\n',
        )
        done = desk.run("run", "config.toml", given="/call world_time city=Oslo\n")
        assert done.returncode == 0
        warnings = [line for line in done.stderr.splitlines() if line.startswith("warning:")]
        assert len(warnings) == 1
        assert re.search(r"'?broken'? .*broken-tools 1\.0.*agentframework plugins", warnings[0])
        assert "14:03" in done.stdout


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


@pytest.fixture
def terminal(desk: Desk, terminals: list[Terminal]) -> Terminal:
    """A conversation that has begun and waits for a line."""
    opened = Terminal(desk, 80, "run", "config.toml")
    terminals.append(opened)
    opened.read_until(r"agent.*(?s:.*)you")
    return opened


class TestOnATerminal:
    """A prompt, colours, and a terminal that is left as it was found."""

    def test_a_line_is_answered_above_the_prompt(self, terminal: Terminal) -> None:
        terminal.type("/call world_time city=Oslo\r")
        seen = terminal.read_until(r"14:03(?s:.*)you")
        assert "\x1b[1;36myou\x1b[0m" in seen
        assert "\x1b[1mworld_time\x1b[0m" in seen

    @pytest.mark.parametrize("keys", ["\x04", "\x03", "bye\r"], ids=["ctrl-d", "ctrl-c", "bye"])
    def test_it_is_left_with_a_summary_and_the_terminal_as_it_was(
        self, terminal: Terminal, keys: str
    ) -> None:
        terminal.type(keys)
        terminal.read_until(r"tool calls · no errors")
        assert terminal.process.wait(WAIT) == 0
        assert termios.tcgetattr(terminal.side) == terminal.settings

    def test_no_color_means_no_colour(self, desk: Desk, terminals: list[Terminal]) -> None:
        opened = Terminal(desk, 80, "run", "config.toml", NO_COLOR="1")
        terminals.append(opened)
        opened.read_until(r"agent(?s:.*)you")
        opened.type("/call world_time city=Oslo\r")
        opened.read_until(r"14:03(?s:.*)you")
        codes = {
            code for found in re.findall(r"\x1b\[([\d;]*)m", opened.written) for code in found.split(";")
        }
        assert not {code for code in codes if code.isdigit() and 30 <= int(code) <= 107}

    def test_an_end_by_the_agent_takes_the_prompt_away(self, desk: Desk, terminals: list[Terminal]) -> None:
        desk.write_script(
            f'[[step]]\n{GREETING}\n[[step]]\nexpect = "user_message"\n'
            '[[step]]\nclose = 1008\nreason = "Invalid message received"\n'
        )
        opened = Terminal(desk, 80, "run", "config.toml")
        terminals.append(opened)
        opened.read_until(r"Hello(?s:.*)you")
        opened.type("hello\r")
        opened.read_until(r"code 1008(?s:.*)1 error")
        assert opened.process.wait(WAIT) == 1
        assert termios.tcgetattr(opened.side) == opened.settings

    def test_an_empty_line_switches_the_microphone_on_and_only_then_the_agent_hears(
        self, desk: Desk, terminals: list[Terminal]
    ) -> None:
        desk.write("hum.py", HUM)
        desk.write_script(
            f'[[step]]\n{GREETING}\n[[step]]\nexpect = "user_message"\n[[step]]\nsay = "Speak."\n'
            '[[step]]\nhear = "begin"\nwithin = 20\n[[step]]\nsay = "There you are."\n[[step]]\ntalk = true\n',
            more='[audio]\nbackend = "pipe"\npush_to_talk = true\n\n'
            f'[plugins.pipe]\ncapture = ["{sys.executable}", "hum.py"]\nplayback = ["cat"]\n',
        )
        opened = Terminal(desk, 80, "run", "config.toml")
        terminals.append(opened)
        opened.read_until(r"microphone is off(?s:.*)microphone off(?s:.*)you")
        opened.type("hello\r")
        assert "There you are" not in opened.read_until(r"Speak\.(?s:.*)you")
        opened.type("\r")
        opened.read_until(r"microphone is on(?s:.*)There you are")
        opened.type("\r")
        opened.read_until(r"microphone is off")
        opened.type("/unmute\r")
        opened.read_until(r"microphone is on")
        opened.type("bye\r")
        assert opened.process.wait(WAIT) == 0

    def test_a_dumb_terminal_gets_plain_lines(self, desk: Desk, terminals: list[Terminal]) -> None:
        opened = Terminal(desk, 80, "run", "config.toml", TERM="dumb")
        terminals.append(opened)
        opened.read_until(r"agent: ")
        opened.type("bye\n")
        opened.read_until(r"summary: 1 turn")
        assert "\x1b" not in opened.written
        assert opened.process.wait(WAIT) == 0


class TestLists:
    """A table where there is room for it, else a block of lines for each row."""

    def test_a_wide_terminal_gets_a_table(self, desk: Desk, terminals: list[Terminal]) -> None:
        opened = Terminal(desk, 120, "tools", "--config", "config.toml", NO_COLOR="1")
        terminals.append(opened)
        lines = shown_by(opened, "world_time")
        assert lines[0].split() == ["tool", "owner", "parameters", "description"]
        words = " ".join(lines[1].split())
        assert words == "divide desk dividend, divisor Divide one number by another."

    def test_a_narrow_terminal_gets_blocks(self, desk: Desk, terminals: list[Terminal]) -> None:
        opened = Terminal(desk, 60, "tools", "--config", "config.toml", NO_COLOR="1")
        terminals.append(opened)
        assert shown_by(opened, "What time it is")[:4] == [
            "divide",
            "  owner        desk",
            "  parameters   dividend, divisor",
            "  description  Divide one number by another.",
        ]

    def test_what_failed_is_explained_between_words(self, desk: Desk, terminals: list[Terminal]) -> None:
        desk.write(
            "config.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nrequired = ["chess"]\n'
        )
        opened = Terminal(desk, 60, "plugins", "--config", "config.toml", NO_COLOR="1")
        terminals.append(opened)
        lines = shown_by(opened, "take it out")
        assert "chess: the config requires it and it is not installed" in lines
        assert all(len(line) <= 60 for line in lines)


def shown_by(terminal: Terminal, last: str) -> list[str]:
    """The lines of a command that ends, without what a plugin printed; `last` stands in the last of them."""
    terminal.read_until(rf"{last}[^\n]*\n")
    assert terminal.process.wait(WAIT) == 0
    lines = re.sub(r"\x1b\[[\d;]*m", "", terminal.written).splitlines()
    return [line.rstrip() for line in lines if line != "desk_tools is imported"]


@pytest.fixture(params=[60, 120])
def tmux(request: pytest.FixtureRequest, desk: Desk) -> Iterator[Tmux]:
    server = Tmux(desk, request.param)
    yield server
    server.close()


@pytest.mark.needs_system("tmux")
class TestTheScreen:
    """What stands on a screen of 60 and of 120 columns."""

    def test_a_conversation_from_the_heading_to_the_summary(self, tmux: Tmux) -> None:
        lines = tmux.screen_with(r"agent .*\n\nyou$")
        assert lines[0].startswith("desk_tools is imported")
        assert lines[1] == 'local agent · 4 tools · 1 plugin · Ctrl-D or "bye" to leave'
        tmux.type("/call world_time city=Oslo")
        lines = tmux.screen_with(r"tool .*agent .*\n\nyou$")
        assert "you    /call world_time city=Oslo" in lines
        assert re.search(
            r'^tool   world_time\(city="Oslo"\) → "14:03"  \d+ ms$', "\n".join(lines), re.MULTILINE
        )
        tmux.press("C-d")
        lines = tmux.screen_with(r"left with 0")
        told = " · ".join(line for line in lines[-3:-1] if line)
        assert re.fullmatch(r"1 turn · 1 tool call · no errors · [\d.]+ m?s · conversation \w+", told)
        assert "you" not in lines

    def test_what_is_long_is_shortened_or_goes_on_under_its_first_word(self, tmux: Tmux) -> None:
        tmux.screen_with(r"agent .*\n\nyou$")
        tmux.type("/call recite words=60")
        lines = tmux.screen_with(r"tool .*agent .*\n\nyou$")
        result = next(line for line in lines if line.startswith("         → "))
        assert re.fullmatch(r'         → "word0 .*…"  \d+ ms', result)
        answer = lines[lines.index(result) + 1 : -2]
        assert answer[0].startswith("agent  ")
        assert all(line.startswith("       ") for line in answer[1:])
        assert "word59" in " ".join(answer)

    def test_a_call_that_runs_is_shown_while_it_runs_and_the_line_can_be_edited(self, tmux: Tmux) -> None:
        tmux.screen_with(r"agent .*\n\nyou$")
        tmux.type("/call wait seconds=2.5")
        lines = tmux.screen_with(r"tool   wait\(seconds=2\.5\)… 1 s\n\nyou$")
        tmux.press("h")
        tmux.press("i")
        lines = tmux.screen_with(r'wait\(seconds=2\.5\) → "done"  2\.5 s\n.*\n\nyou    hi$')
        assert sum(line.startswith("tool") for line in lines) == 1
