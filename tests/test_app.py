"""An app: what a config and the installed plugins come to, and conversations held with them."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, Recorder, agent, eventually
from agentframework import (
    AgentStartedSpeaking,
    App,
    AuthError,
    Callbacks,
    Config,
    ConfigError,
    EchoControl,
    NotFoundError,
    RestError,
    load_config,
)
from agentframework.config import AgentConfig, PluginsConfig
from agentframework.errors import ScriptError, SessionError, StartError
from agentframework.session.reconnecting import ReconnectPolicy
from rest_stub import platform

KEY = "canary-key-0123456789"


def config_from(tmp_path: Path, text: str, **environ: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, environ)


def no_plugins(**agent_options: Any) -> Config:
    return Config(agent=AgentConfig(**agent_options), plugins=PluginsConfig(autoload=False))


def test_loading_and_making_a_conversation_start_no_thread() -> None:
    before = threading.active_count()
    App.load(Config(agent=AgentConfig(url="local"))).conversation()
    assert threading.active_count() == before


def test_it_hosts_the_tools_that_are_installed_and_enabled(tmp_path: Path) -> None:
    everything = App.load(config_from(tmp_path, '[agent]\nurl = "local"\n'))
    assert "world_time" in everything.tools
    text = '[agent]\nurl = "local"\n[tools]\nenable = ["world_*", "count_primes"]\ndisable = ["count_*"]\n'
    assert App.load(config_from(tmp_path, text)).tools.names() == ("world_time",)


def test_a_conversation_with_the_local_agent_calls_a_tool_and_ends(tmp_path: Path) -> None:
    recorder = Recorder()
    app = App.load(config_from(tmp_path, '[agent]\nurl = "local"\n'))
    with app.conversation(recorder) as running:
        assert running.conversation_id
        running.send_user_activity()
        running.send_contextual_update("The user travels.", "mood")
        running.send_user_message("what time is it in Oslo?")
        answered = recorder.wait_for("tool_answered")[0]
        assert (answered.tool_name, answered.outcome, answered.sent) == ("world_time", "ok", True)
        recorder.wait_for("agent_response", 2)
        assert running.wait(0) is None
        sent = [event.message.type for event in recorder.of("message_sent")]
        assert sent == ["user_activity", "contextual_update", "user_message"]
    details = running.wait()
    assert details is not None
    assert details.reason == "user"
    said = " ".join(event.agent_response_event.agent_response for event in recorder.of("agent_response"))
    assert answered.text.strip('"') in said


def test_conversations_of_one_app_may_run_side_by_side(tmp_path: Path) -> None:
    app = App.load(config_from(tmp_path, '[agent]\nurl = "local"\n'))
    recorders = [Recorder() for _ in range(3)]
    running = [app.conversation(recorder) for recorder in recorders]
    ids = {one.start() for one in running}
    assert len(ids) == 3
    for one, recorder in zip(running, recorders, strict=True):
        one.send_user_message("bye")
        recorder.wait_for("session_ended")
        details = one.wait(PATIENCE)
        assert details is not None
        assert details.reason == "agent"


def test_the_audio_backend_of_the_config_is_opened_and_the_agent_speaks(tmp_path: Path) -> None:
    recorder = Recorder()
    app = App.load(config_from(tmp_path, '[agent]\nurl = "local"\n[audio]\nbackend = "tone"\n'))
    with app.conversation(recorder) as running:
        recorder.wait_for("audio")
        running.end()


def test_a_handler_with_a_method_for_one_event_of_speech_is_told_of_it(tmp_path: Path) -> None:
    class Listener(Callbacks):
        """No `on_event`: nothing else is wanted."""

        def __init__(self) -> None:
            self.spoke = threading.Event()

        def on_agent_started_speaking(self, event: AgentStartedSpeaking) -> None:
            self.spoke.set()

    listener = Listener()
    app = App.load(config_from(tmp_path, '[agent]\nurl = "local"\n[audio]\nbackend = "tone"\n'))
    with app.conversation(listener):
        assert listener.spoke.wait(PATIENCE)


class Listening(EchoControl):
    """Lets everything through, and tells when the agent is heard."""

    def __init__(self) -> None:
        self.heard_agent = threading.Event()

    def start(self, input_rate_hz: int, output_rate_hz: int) -> None:
        pass

    def played(self, pcm: bytes, latency: float) -> None:
        if any(pcm):
            self.heard_agent.set()

    def captured(self, pcm: bytes, latency: float) -> bytes:
        return pcm


def test_echo_control_of_the_program_takes_the_place_of_the_configs(tmp_path: Path) -> None:
    text = '[agent]\nurl = "local"\n[audio]\nbackend = "tone"\necho = "half_duplex"\n'
    app = App.load(config_from(tmp_path, text))
    echo = Listening()
    with app.conversation(Recorder(), echo=echo):
        assert echo.heard_agent.wait(PATIENCE)


def test_an_audio_backend_that_nobody_brings_is_a_problem_with_its_line(tmp_path: Path) -> None:
    config = config_from(tmp_path, '[agent]\nurl = "local"\n\n[audio]\nbackend = "tonne"\n')
    with pytest.raises(ConfigError) as failed:
        App.load(config)
    problem = failed.value.problems[0]
    assert (problem.line, problem.key) == (5, "audio.backend")
    assert "tone" in problem.fix
    forgiven = App.load(config, forgive=True)
    assert forgiven.problems == (problem,)


def test_names_of_tools_that_nobody_has_are_problems_with_the_nearest_right_word(tmp_path: Path) -> None:
    text = (
        '[agent]\nurl = "local"\n[tools]\ndisable = ["wrold_time", "nothing-*"]\n'
        "[tools.count_prime]\ntimeout = 3\n"
    )
    problems = App.load(config_from(tmp_path, text)).problems
    assert [(problem.line, problem.key.split("[")[0]) for problem in problems] == [
        (4, "tools.disable"),
        (4, "tools.disable"),
        (5, "tools.count_prime"),
    ]
    assert "world_time" in problems[0].fix
    assert "agentframework tools" in problems[1].fix
    assert "count_primes" in problems[2].fix


def test_a_real_agents_address_differs_in_nothing_but_the_config() -> None:
    """A base URL and an id; a whole URL; a private agent by a signed one."""

    async def scenario(peer: Peer) -> tuple[str, dict[str, Any]]:
        assert peer.connection.request is not None
        return peer.connection.request.path, await peer.open()

    with agent(scenario) as served:
        base = served.url.split("/v1/")[0]
        signed = f"{served.url}?agent_id=a&conversation_signature={secrets.token_hex(4)}"
        with platform(200, {"signed_url": signed}) as server:
            for options, expected in (
                ({"url": base, "id": "a", "environment": "st"}, "?agent_id=a&environment=st"),
                ({"url": base.replace("ws:", "http:"), "id": "a"}, "?agent_id=a"),
                ({"url": served.url + "?mine=1"}, "?mine=1"),
                (
                    {"url": server.url, "id": "a", "requires_auth": True, "api_key": KEY},
                    signed.split("conversation?")[1],
                ),
            ):
                served.forget()
                running = App.load(no_plugins(**options)).conversation()
                running.start()
                path, opening = served.wait()
                running.end()
                running.wait(PATIENCE)
                assert path.endswith(expected)
                assert opening["conversation_config_override"] == {"conversation": {"text_only": True}}
            assert server.requests[0][1]["xi-api-key"] == KEY


@pytest.mark.parametrize(("status", "kind"), [(401, AuthError), (404, NotFoundError), (503, RestError)])
def test_a_signed_url_that_is_refused_is_a_typed_error_without_the_key(
    status: int, kind: type[RestError]
) -> None:
    with platform(status, {}) as server:
        app = App.load(no_plugins(url=server.url, id="a", requires_auth=True, api_key=KEY))
        with pytest.raises(kind) as failed:
            app.conversation().start()
        assert KEY not in str(failed.value)
        assert KEY not in repr(app.config)


def test_a_platform_that_does_not_answer_is_given_up_in_time() -> None:
    with platform(200, {}, hang=True) as server:
        options = {
            "url": server.url,
            "id": "a",
            "requires_auth": True,
            "api_key": KEY,
            "connect_timeout": 0.3,
        }
        # whichever of the two clocks is first on a busy machine
        with pytest.raises((RestError, StartError), match=r"(no answer from .*|no connection) within 0\.3 s"):
            App.load(no_plugins(**options)).conversation().start()


def test_the_settings_of_the_config_reach_the_session(tmp_path: Path) -> None:
    text = """
[agent]
url = "local"
connect_timeout = 4
reconnect = true
reconnect_attempts = 7
[conversation]
user_id = "u"
text_only = false
[conversation.dynamic_variables]
name = "Ann"
[conversation.overrides.agent]
language = "nb"
[tools]
timeout = 9
error_text = "result"
[tools.world_time]
timeout = 2
answer = "always"
[tools.count_primes]
answer = "never"
[workers]
threads = 3
max_calls = 5
"""
    app = App.load(config_from(tmp_path, text))
    settings = app.session_settings()
    assert settings.connect_timeout == 4
    assert settings.reconnect == ReconnectPolicy(attempts=7)
    assert (settings.tool_timeout, {one.name: one.timeout for one in app.tools}["world_time"]) == (9, 2)
    assert dict(settings.answers) == {"world_time": True, "count_primes": False}
    assert (settings.error_text, settings.max_open_calls) == ("result", 5)
    opening = settings.initiation
    assert (opening.user_id, opening.dynamic_variables) == ("u", {"name": "Ann"})
    assert opening.conversation_config_override == {"agent": {"language": "nb"}}


def test_nothing_is_made_again_unless_the_config_says_so(tmp_path: Path) -> None:
    assert App.load(config_from(tmp_path, '[agent]\nurl = "local"\n')).session_settings().reconnect is None


def test_a_local_agents_script_that_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "script.toml").write_text('[[step]]\nsya = "hello"\n', encoding="utf-8")
    app = App.load(config_from(tmp_path, '[agent]\nurl = "local"\nscript = "script.toml"\n'))
    with pytest.raises(ScriptError, match=r"script\.toml"):
        app.conversation().start()


def test_a_conversation_starts_once_and_ends_only_after_a_start(tmp_path: Path) -> None:
    app = App.load(config_from(tmp_path, '[agent]\nurl = "local"\n'))
    running = app.conversation()
    with pytest.raises(SessionError, match="was not started"):
        running.wait()
    running.start()
    with pytest.raises(SessionError, match="starts once"):
        running.start()
    running.end()
    assert running.wait(PATIENCE) is not None
    name = "agentframework-local-agent"
    assert eventually(lambda: not any(thread.name == name for thread in threading.enumerate()))
