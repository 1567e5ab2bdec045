"""`agentframework local-agent` serves until it is told to stop, and says where."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

from cli_desk import Desk

SCRIPT = '[[step]]\nsay = "Hello."\n[[step]]\nexpect = "user_message"\n[[step]]\nclose = 1000\n'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def address(line: str) -> str:
    found = re.fullmatch(r"listening on (ws://127\.0\.0\.1:\d+)\n", line)
    assert found, line
    return found[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_the_first_line_says_where_and_a_signal_ends_it(desk: Desk, number: signal.Signals) -> None:
    with desk.start("local-agent") as process:
        assert process.stdout is not None
        url = address(process.stdout.readline())
        with connect(f"{url}/v1/convai/conversation?agent_id=any", close_timeout=0.2) as client:
            client.send('{"type": "conversation_initiation_client_data"}')
            assert "conversation_initiation_metadata" in str(client.recv(10))
            process.send_signal(number)
            out, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert re.match(r"conv_\w+: connected: agent_id any", out)
    assert "Traceback" not in errors


def test_what_a_client_does_against_the_protocol_is_a_line(desk: Desk) -> None:
    with desk.start("local-agent", "--strict") as process:
        assert process.stdout is not None
        url = address(process.stdout.readline())
        with connect(f"{url}/v1/convai/conversation?agent_id=any", close_timeout=0.2) as client:
            client.send("[]")
            process.stdout.readline()
            assert re.match(r"conv_\w+: refused: .+", process.stdout.readline())
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_it_follows_a_script(desk: Desk) -> None:
    desk.write("script.toml", SCRIPT)
    with desk.start("local-agent", "--script", "script.toml") as process:
        assert process.stdout is not None
        url = address(process.stdout.readline())
        desk.write("config.toml", f'[agent]\nurl = "{url}/v1/convai/conversation?agent_id=any"\n')
        done = desk.run("run", "config.toml", given="hello\n")
        process.terminate()
        process.communicate(timeout=10)
    assert done.returncode == 0
    assert "agent: Hello.\nyou: hello\nnote: the agent ended the conversation\n" in done.stdout


def test_a_reader_of_the_address_alone_does_not_end_it(desk: Desk) -> None:
    with desk.start("local-agent") as process:
        assert process.stdout is not None
        url = address(process.stdout.readline())
        process.stdout.close()
        for _ in range(2):
            with connect(f"{url}/v1/convai/conversation?agent_id=any", close_timeout=0.2) as client:
                client.send('{"type": "conversation_initiation_client_data"}')
                assert "conversation_initiation_metadata" in str(client.recv(10))
        process.terminate()
        assert process.wait(10) == 0


def test_it_speaks_and_understands_by_the_commands_that_it_is_given(desk: Desk) -> None:
    """Read as a shell would read them, and run by none."""
    program = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read()); sys.exit('a; b')"
    voice = shlex.join([sys.executable, "-c", program, "said $HOME"])
    with desk.start("local-agent", "--voice", voice, "--transcribe", "echo hello") as process:
        assert process.stdout is not None
        url = address(process.stdout.readline())
        with connect(f"{url}/v1/convai/conversation?agent_id=any", close_timeout=0.2) as client:
            client.send('{"type": "conversation_initiation_client_data"}')
            while '"audio"' not in str(client.recv(10)):
                pass
        process.stdout.readline()
        assert process.stdout.readline().endswith("failed with exit code 1: a; b\n")
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0
    assert (desk.folder / "said $HOME").read_text().startswith("Hello, I am the local agent")


@pytest.mark.parametrize("option", ["--voice", "--transcribe"])
@pytest.mark.parametrize("written", ["'say", "''", " "])
def test_what_is_no_command_is_refused(desk: Desk, option: str, written: str) -> None:
    done = desk.run("local-agent", option, written)
    assert (done.returncode, done.stdout) == (2, "")
    assert option in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_one_sentence(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = desk.run("local-agent", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: cannot listen on 127.0.0.1:{port}: address already in use\n"


def test_a_host_that_is_not_ours_is_one_sentence(desk: Desk) -> None:
    done = desk.run("local-agent", "--host", "192.0.2.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: cannot listen on 192\.0\.2\.1:0: .+\n", done.stderr)


def test_a_script_that_is_wrong_is_told_before_anything_is_served(desk: Desk) -> None:
    desk.write("script.toml", '[[step]]\nsays = "Hello."\n')
    done = desk.run("local-agent", "--script", "script.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "script.toml" in done.stderr
    assert "Traceback" not in done.stderr
