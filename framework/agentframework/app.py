"""Where all meet: a config, the plugins it admits, and the conversations that are held with them."""

from __future__ import annotations

import fnmatch
import functools
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from types import TracebackType
from typing import Self

from agentframework.approval import Approver
from agentframework.audio.base import NO_SOUND, AudioBackend
from agentframework.audio.echo import EchoControl, echo_control
from agentframework.audit import AuditLog
from agentframework.callbacks import Callbacks, DisconnectionDetails
from agentframework.config import AgentConfig, Config
from agentframework.errors import ConfigError, ConfigProblem, PluginError, SessionError, ToolDefinitionError
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.hosted import HostedAgent
from agentframework.permission import policy_of
from agentframework.plugins import LoadedPlugins, load_plugins
from agentframework.protocol.address import REGIONS, conversation_url
from agentframework.protocol.messages import ContextualUpdateMessage, UserActivityMessage, UserMessage
from agentframework.protocol.messages.misfit import make_message
from agentframework.protocol.opening import opening_message
from agentframework.redaction import Redactor
from agentframework.rest import Client
from agentframework.rest.declared import Agreement
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.session.session import OwnedBackend, OwnedHandler, Session
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds, tool_threads
from agentframework.spelling import did_you_mean
from agentframework.tools.registry import ToolRegistry
from agentframework.transports.base import Transport
from agentframework.transports.websocket import open_websocket
from agentframework.workers.base import ToolSpec, Worker
from agentframework.workers.processes import ProcessGroup, ProcessWorker

__all__ = ["App", "Running"]

_log = logging.getLogger("agentframework.app")

_AGENT_TIMEOUT = 2.0
_EXTRAS = frozenset({"pyaudio"})  # backends that come with an extra of our own distribution
_IN_PROCESS = frozenset({"auto", "thread", "loop"})


class App:
    """A config and everything that it brings together; made by `App.load`.

    `tools` are those that are hosted; `plugins` tells what was found and what failed; `problems` are the mistakes
    of the config that only show once the plugins are there. Conversations are made by `conversation`.
    """

    def __init__(
        self, config: Config, tools: ToolRegistry, plugins: LoadedPlugins, problems: Sequence[ConfigProblem]
    ) -> None:
        self.config = config
        self.tools = tools
        self.plugins = plugins
        self.problems = tuple(problems)
        self.agreement = Agreement(config, tools)
        self._worlds = _worlds_of(config)
        self._policy, unfit = policy_of(config, plugins.tool_names)
        audit, secrets = config.policy.audit, config.secrets
        self._audit = None if audit is None else AuditLog(audit, redactor=Redactor(secrets))
        self.problems += (*unfit, *_misplaced(config, self._worlds, tools))

    @classmethod
    def load(cls, config: Config, *, forgive: bool = False) -> App:
        """Load the plugins that `config` admits, and choose among their tools.

        Raises `PluginError` where one that is required fails or is not installed, and `ConfigError` where the
        audio backend or the approver is nowhere to be found, the audit log cannot be written, or the key is missing
        that `[tools] on_drift` needs; lesser mistakes are kept in `problems`. With `forgive` nothing is raised: for
        those who want to look at what there is, not to talk.
        """
        registry = ToolRegistry()
        plugins = load_plugins(registry, config, forgive=forgive)
        unusable = [
            *_missing_backend(config, plugins),
            *_missing_approver(config, plugins),
            *_unwritable(config),
        ]
        if unusable and not forgive:
            raise ConfigError(unusable)
        unusable = [problem for problem in unusable if problem not in plugins.problems]
        problems = [*plugins.problems, *unusable, *_unmatched(config, plugins)]
        tools = _chosen(registry, config, problems)
        app = cls(config, tools, plugins, problems)
        if app.agreement.problems and not forgive:
            raise ConfigError(app.agreement.problems)
        app.problems += tuple(app.agreement.problems)
        return app

    def conversation(
        self, *handlers: Callbacks, approver: Approver | None = None, echo: EchoControl | None = None
    ) -> Running:
        """A conversation with the agent of the config, for these handlers and the plugins'. Starts nothing.

        `approver` is asked where the policy asks, unless the config names another one; where neither is there, what
        would be asked for is denied. `echo` takes the place of `[audio] echo` and serves this conversation alone.
        Raises `PluginError` where a plugin cannot make the approver of the config.
        """
        return Running(self, handlers, approver, echo)

    def session_settings(self) -> SessionSettings:
        """What each session is told by the config."""
        config, by_name = self.config, self.config.tools.by_name
        conversation = config.conversation
        text_only = conversation.text_only
        answers = {"always": True, "never": False}
        return SessionSettings(
            initiation=opening_message(
                text_only=config.audio.backend == NO_SOUND if text_only is None else text_only,
                overrides=conversation.overrides,
                dynamic_variables=conversation.dynamic_variables,
                custom_llm_extra_body=conversation.custom_llm_extra_body,
                user_id=conversation.user_id,
                branch_id=config.agent.branch_id,
            ),
            connect_timeout=config.agent.connect_timeout,
            tool_timeout=config.tools.timeout,
            declared_limits=self.agreement.limits,
            activity_interval=config.tools.activity_interval,
            answers={name: answers[tool.answer] for name, tool in by_name.items() if tool.answer in answers},
            error_text=config.tools.error_text,
            max_open_calls=config.workers.max_calls,
            max_running=config.workers.max_running,
            policy=self._policy,
            reconnect=ReconnectPolicy(config.agent.reconnect_attempts) if config.agent.reconnect else None,
        )

    def new_session(
        self,
        connect: Callable[[], Awaitable[Transport]],
        handlers: Sequence[Callbacks],
        *,
        is_silent: bool = False,
        approver: Approver | None = None,
        echo: EchoControl | None = None,
    ) -> Session:
        """A session over this transport with the hosted tools, for the program's handlers and the plugins'.

        A silent one has no audio, whatever the config says.
        """
        owned = [OwnedHandler("the program", handler) for handler in handlers]
        owned += self._plugin_handlers()
        backend = None if is_silent else self.plugins.audio_backends.get(self.config.audio.backend)
        return Session(
            connect,
            tools=self.tools,
            handlers=owned,
            audio=None if backend is None else self._owned(backend.owner, backend.make(), echo),
            settings=self.session_settings(),
            worlds=self._worlds,
            approver=self._approver or approver,
            audit=self._audit,
        )

    def _owned(self, owner: str, backend: AudioBackend, echo: EchoControl | None) -> OwnedBackend:
        audio = self.config.audio
        return OwnedBackend(owner, backend, echo=echo or echo_control(audio.echo), muted=audio.push_to_talk)

    @functools.cached_property
    def _approver(self) -> Approver | None:
        named = self.plugins.approvers.get(self.config.policy.approver or "")
        return None if named is None else named.make()

    def _plugin_handlers(self) -> list[OwnedHandler]:
        handlers = []
        for one in self.plugins.callbacks:
            try:
                handlers.append(OwnedHandler(one.owner, one.make()))
            except PluginError as error:
                _log.error("%s", error, exc_info=error.__cause__)
        return handlers


class Running:
    """One conversation of an app, from `start` to its end; as a context manager it is started and ended for you."""

    def __init__(
        self,
        app: App,
        handlers: Sequence[Callbacks],
        approver: Approver | None = None,
        echo: EchoControl | None = None,
    ) -> None:
        self._app = app
        self._agent: HostedAgent | None = None
        self._session = app.new_session(self._connect, handlers, approver=approver, echo=echo)

    @property
    def conversation_id(self) -> str | None:
        """The id that the agent's side gave, or None before the start."""
        return self._session.conversation_id

    def start(self) -> str:
        """Open the conversation, with an agent of its own where the config says "local"; its id.

        Raises `StartError` with the reason and what would help, `RestError` where no signed URL is to be had, and
        `ScriptError` for a local agent's script that is wrong; `DriftError` where `[tools] on_drift` is "error" and
        the agent's tools differ from those hosted here; `SessionError` where it was started before.
        """
        if self._session.begun:
            raise SessionError("a conversation starts once; make a new one for the next")
        if self._app.config.agent.is_local:
            self._agent = self._host_agent()
        self._app.agreement.prepare()
        self._session.ended.add_done_callback(self._stop_agent)
        return self._session.start().result()

    def send_user_message(self, text: str) -> None:
        """Say something in writing; from any thread. Raises `SessionEndedError`."""
        self._session.send(make_message(UserMessage, text=text))

    def send_contextual_update(self, text: str, context_id: str | None = None) -> None:
        """Tell the agent something in the background, in place of what had the same `context_id` (protocol 2.5).

        From any thread. Raises `SessionEndedError`.
        """
        self._session.send(make_message(ContextualUpdateMessage, text=text, context_id=context_id))

    def send_user_activity(self) -> None:
        """The user is there, for instance typing (protocol 2.7); from any thread. Raises `SessionEndedError`."""
        self._session.send(UserActivityMessage())

    @property
    def muted(self) -> bool:
        """Whether nothing is sent of what the microphone hears; a conversation in writing has none."""
        return self._session.sound is None or self._session.sound.muted

    def mute(self) -> None:
        """Send nothing of what is said from now on; from any thread. Nothing in writing."""
        if self._session.sound is not None:
            self._session.sound.mute()

    def unmute(self) -> None:
        """Send what is said from now on, and nothing that was said before; from any thread. Nothing in writing."""
        if self._session.sound is not None:
            self._session.sound.unmute()

    def end(self) -> None:
        """End the conversation; from any thread, as often as you like; does not wait."""
        self._session.end()

    def drain(self, message: str | None = None) -> None:
        """End the conversation when the tool calls that run have their answers, and begin no other.

        They have `[tools] drain_timeout` for it. `message` says why, in the details of the end. From any thread, as
        often as you like; does not wait.
        """
        self._session.drain(self._app.config.tools.drain_timeout, message)

    def wait(self, timeout: float | None = None) -> DisconnectionDetails | None:
        """Wait until it has ended, for `timeout` seconds at most; how it ended, or None where it still runs.

        Raises `SessionError` where it was never started: there is no end to wait for.
        """
        if not self._session.begun:
            raise SessionError("the conversation was not started, so it will not end")
        try:
            details = self._session.ended.result(timeout)
        except TimeoutError:
            return None
        if self._agent is not None:
            self._agent.join(_AGENT_TIMEOUT)
        return details

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self.wait()

    def _host_agent(self) -> HostedAgent:
        agent = self._app.config.agent
        hosted = HostedAgent(
            [ToolDeclaration(tool.name, tool.description, tool.schema) for tool in self._app.tools],
            script=agent.script,
            error_handling=agent.tool_error_handling_mode,
            voice=agent.voice,
            transcribe=agent.transcribe,
        )
        hosted.start()
        return hosted

    def _stop_agent(self, _ended: object) -> None:
        if self._agent is not None:
            self._agent.stop()

    async def _connect(self) -> Transport:
        """On the wire: look whether the agent has our tools, find the address, and open it."""
        agent = self._app.config.agent
        await self._app.agreement.settle()
        if self._agent is not None:
            url = conversation_url(self._agent.url, agent.id or "local")
        elif agent.websocket_url is not None:
            url = agent.websocket_url
        else:
            url = await _platform_url(agent)
        return await open_websocket(url, timeout=agent.connect_timeout)


async def _platform_url(agent: AgentConfig) -> str:
    base = REGIONS.get(agent.url, agent.url)
    agent_id = agent.id or ""
    if not agent.requires_auth:
        return conversation_url(base, agent_id, environment=agent.environment)
    key = None if agent.api_key is None else agent.api_key.get_secret_value()
    client = Client(key, base, timeout=agent.connect_timeout)
    return await client.get_signed_url(agent_id, environment=agent.environment, branch_id=agent.branch_id)


def _missing_backend(config: Config, plugins: LoadedPlugins) -> list[ConfigProblem]:
    backend = config.audio.backend
    if backend == NO_SOUND or backend in plugins.audio_backends:
        return []
    if (failure := plugins.failure_of(backend)) is not None:
        return _why_missing(config, ("audio", "backend"), failure)
    if any(report.name == backend and report.state == "skipped" for report in plugins.reports):
        fix = f'[plugins] enable = ["{backend}"] loads the plugin of that name'
    elif backend in _EXTRAS:
        fix = f"pip install 'agentframework[{backend}]'"
    else:
        fix = f"there are: {', '.join([NO_SOUND, *sorted(plugins.audio_backends)])}"
    return [config.problem(("audio", "backend"), f"no plugin brings {backend!r}", fix)]


def _missing_approver(config: Config, plugins: LoadedPlugins) -> list[ConfigProblem]:
    name = config.policy.approver
    if name is None or name in plugins.approvers:
        return []
    if (failure := plugins.failure_of(name)) is not None:
        return _why_missing(config, ("policy", "approver"), failure)
    known = ", ".join(sorted(plugins.approvers))
    fix = f"there are: {known}" if known else "leave it out, and `agentframework run` asks in the terminal"
    return [config.problem(("policy", "approver"), f"no plugin brings an approver {name!r}", fix)]


def _why_missing(config: Config, key: tuple[str, str], failure: PluginError) -> list[ConfigProblem]:
    """What is wrong with the plugin, in its own table of the config or else in itself."""
    if isinstance(failure.__cause__, ConfigError):
        return list(failure.__cause__.problems)
    return [config.problem(key, f"the plugin {failure.plugin!r} failed: {failure.cause}", failure.fix)]


def _unwritable(config: Config) -> list[ConfigProblem]:
    """The audit log is made now, so that a file which cannot be written stops the start, and no call."""
    if config.policy.audit is None:
        return []
    try:
        AuditLog(config.policy.audit).check()
    except OSError as error:
        problem = f"cannot be written: {error.strerror or error}"
        return [config.problem(("policy", "audit"), problem, "name a file in a folder that is there")]
    return []


def _chosen(registry: ToolRegistry, config: Config, problems: list[ConfigProblem]) -> ToolRegistry:
    """The tools that are hosted, each as the config wants it to be run."""
    chosen = ToolRegistry()
    for tool in registry.select(config.tools.enable, config.tools.disable):
        said = config.tools.by_name.get(tool.name)
        try:
            chosen.add(tool if said is None else tool.with_options(**said.options))
        except ToolDefinitionError as error:
            problems.append(config.problem(("tools", tool.name), str(error)))
            chosen.add(tool)
    return chosen


def _unmatched(config: Config, plugins: LoadedPlugins) -> list[ConfigProblem]:
    """Names and globs under [tools] that no installed tool has: most likely misspelt."""
    names = plugins.tool_names
    problems = []
    for key in ("enable", "disable"):
        for number, glob in enumerate(getattr(config.tools, key)):
            if glob != "*" and not fnmatch.filter(names, glob):
                problems.append(_no_tool(config, ("tools", key, number), glob, names))
    missing = [name for name in config.tools.by_name if name not in names]
    return problems + [_no_tool(config, ("tools", name), name, names) for name in missing]


def _no_tool(config: Config, path: tuple[str | int, ...], name: str, names: Collection[str]) -> ConfigProblem:
    fix = did_you_mean(name, names) or "`agentframework tools` lists those that are installed"
    return config.problem(path, f"no installed tool is called {name!r}", fix)


def _worlds_of(config: Config) -> Worlds:
    """The threads and processes that `[workers]` asks for; starts none of them."""
    said = config.workers
    groups = {
        "default": ProcessGroup(said.processes),
        **{
            name: ProcessGroup(group.processes, group.memory_mb, group.max_calls)
            for name, group in said.groups.items()
        },
    }
    workers: dict[str, Worker] = {"process": ProcessWorker(groups)}
    return Worlds(tools=tool_threads(said.threads, reserved=said.reserved), workers=workers)


def _misplaced(config: Config, worlds: Worlds, tools: ToolRegistry) -> list[ConfigProblem]:
    """A problem for each tool that cannot run where it says it wants to run."""
    problems = []
    for tool in tools:
        name = tool.options.worker
        if name in _IN_PROCESS:
            continue
        worker = worlds.worker(name)
        try:
            if worker is None:
                raise ToolDefinitionError(
                    tool.name,
                    f"there is no worker {name!r}",
                    owner=tool.owner,
                    fix='workers are "thread" and "process", and "auto" is what suits the tool',
                )
            worker.check(ToolSpec.of(tool), tool.options.placement)
        except ToolDefinitionError as error:
            problems.append(config.problem(("tools", tool.name, "worker"), str(error)))
    return problems
