"""A whole conversation by voice: words into the microphone, understood by the local agent, answered aloud."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from agentframework import App, load_config
from agentframework.formats import AudioFormat
from sound_recording import Samples, level_db, likest, pcm, samples
from sound_server import SoundServer
from sound_stage import TimedRecorder
from spoken_words import recognised, spoken, transcribing

pytestmark = [pytest.mark.sound, pytest.mark.needs_system("espeak-ng"), pytest.mark.timeout(60)]

RATE_HZ = 16_000
QUESTIONS = ("What time is it in Oslo?", "What time is it in Tokyo?", "Book a table for six.")
CONFIG = """
[agent]
url = "local"
{script}
transcribe = {command}

[audio]
backend = "pyaudio"
"""


SENTENCES = (
    "The train to Bergen leaves at nine in the morning.",
    "The train to Oslo leaves at five in the evening.",
    "The boat to Bergen has left this morning.",
)
SCRIPT = f"""
[[step]]
say = "{SENTENCES[0]}"

[[step]]
hear = "end"
matches = "tokyo"

[[step]]
transcript = "{{heard}}"
"""


def app_with(folder: Path, script: str = "") -> App:
    """The whole program with PyAudio's devices, and a local agent that understands the questions."""
    line = ""
    if script:
        (folder / "script.toml").write_text(script)
        line = f"script = {json.dumps(str(folder / 'script.toml'))}"
    file = folder / "config.toml"
    file.write_text(CONFIG.format(script=line, command=json.dumps(transcribing(*QUESTIONS))))
    return App.load(load_config(file, {}))


def sent_speech(events: TimedRecorder, event_id: int) -> Samples:
    """The audio of one answer as the agent sent it."""
    chunks = [event.audio_event for event in events.of("audio") if event.audio_event.event_id == event_id]
    return samples(b"".join(base64.b64decode(chunk.audio_base_64) for chunk in chunks))


def test_a_question_interrupts_the_greeting_and_is_answered_aloud_with_what_a_tool_says(
    sound_server: SoundServer, tmp_path: Path
) -> None:
    app, events = app_with(tmp_path), TimedRecorder()
    question = spoken(QUESTIONS[0], AudioFormat("pcm", RATE_HZ))
    with (
        sound_server.record(rate_hz=RATE_HZ) as speaker,
        sound_server.record("mic") as microphone,
        app.conversation(events) as running,
    ):
        speaker.wait_until(speaker.wait_for_sound() + 0.6)
        with sound_server.playing(question, RATE_HZ):
            asked = microphone.wait_for_sound(after=time.monotonic() - 0.1)
            (interruption,) = events.wait_for("interruption")
            (cut,) = events.wait_for("answer_played")
        speaker.wait_until(events.time_of(interruption) + 0.3)
        greeting_ended = next(sound.ends for sound in speaker.sounds(gap=0.25))
        (correction,) = events.wait_for("agent_response_correction")
        (heard,) = events.wait_for("user_transcript")
        (answered,) = events.wait_for("tool_answered")
        played = events.wait_for("answer_played", 2)[1]
        speaker.wait_for_silence(0.2)
        sounded = speaker.samples(greeting_ended + 0.3)
        running.end()
    print(
        f"silent {1000 * (greeting_ended - asked):.0f} ms after the user began to speak, "
        f"{1000 * (greeting_ended - events.time_of(interruption)):.0f} ms after the interruption came"
    )
    greeting, answer = [event.agent_response_event for event in events.of("agent_response")]

    assert greeting_ended - asked < 1.5  # what the agent needs to be sure that somebody speaks among it
    assert greeting_ended - events.time_of(interruption) < 0.15
    assert (cut.event_id, cut.interrupted) == (greeting.event_id, True)
    assert greeting.agent_response.startswith(cut.heard_text)
    corrected = correction.agent_response_correction_event.corrected_agent_response
    assert corrected != greeting.agent_response

    assert heard.user_transcription_event.user_transcript == "what time is it in oslo"
    assert (answered.tool_name, answered.parameters, answered.outcome) == (
        "world_time",
        {"city": "oslo"},
        "ok",
    )
    assert "Oslo" in answer.agent_response
    assert (played.event_id, played.interrupted) == (answer.event_id, False)
    assert played.heard_text.strip() == answer.agent_response.strip()
    speech = sent_speech(events, answer.event_id)
    aloud, likeness = likest(sounded, speech)
    print(f"the answer at the speaker: likeness {likeness:.4f}")
    assert likeness > 0.9
    assert level_db(aloud) == pytest.approx(level_db(speech), abs=1)
    assert played.heard_ms / 1000 == pytest.approx(len(speech) / RATE_HZ, abs=0.01)


def test_words_are_understood_at_either_end(sound_server: SoundServer, tmp_path: Path) -> None:
    app, events = app_with(tmp_path, SCRIPT), TimedRecorder()
    with sound_server.record(rate_hz=RATE_HZ) as speaker, app.conversation(events) as running:
        events.wait_for("agent_stopped_speaking")
        speaker.wait_for_silence(0.3)
        sounded = speaker.samples()
        sound_server.play(spoken(QUESTIONS[1], AudioFormat("pcm", RATE_HZ)), RATE_HZ)
        (heard,) = events.wait_for("user_transcript")
        running.end()
    assert heard.user_transcription_event.user_transcript == "what time is it in tokyo"
    assert recognised(pcm(sounded), *SENTENCES) == "the train to bergen leaves at nine in the morning"
