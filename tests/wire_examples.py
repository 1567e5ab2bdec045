"""One hand-written frame for each message of the agent's side (protocol 3.1), and the least that each may hold."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["ACTED_ON", "FRAMES", "LEAST", "frame_of", "payload_key"]

ACTED_ON = (
    "conversation_initiation_metadata",
    "audio",
    "agent_response",
    "agent_chat_response_part",
    "agent_response_correction",
    "user_transcript",
    "interruption",
    "ping",
    "client_tool_call",
)
"""The nine types that every client must act on."""

FRAMES: dict[str, str] = {
    "conversation_initiation_metadata": """
        {"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event":
            {"conversation_id": "conv_123", "agent_output_audio_format": "pcm_24000",
             "user_input_audio_format": "ulaw_8000"}}""",
    "asr_initiation_metadata": """
        {"type": "asr_initiation_metadata", "asr_initiation_metadata_event": {"provider": "x"}}""",
    "audio": """
        {"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 7, "alignment":
            {"chars": ["H", "i"], "char_start_times_ms": [0, 80], "char_durations_ms": [80, 90]},
            "is_final": false}}""",
    "audio_alignment": """
        {"type": "audio_alignment", "audio_alignment_event": {"event_id": 7, "alignment":
            {"chars": ["H"], "char_start_times_ms": [0], "char_durations_ms": [80]}}}""",
    "agent_response": """
        {"type": "agent_response", "agent_response_event": {"agent_response": "Hello!", "event_id": 7,
            "response_id": "r1", "attachments": [{"url": "https://x/a", "name": "a"}]}}""",
    "agent_response_correction": """
        {"type": "agent_response_correction", "agent_response_correction_event":
            {"original_agent_response": "Let me tell you everything", "corrected_agent_response": "Let me tell",
             "event_id": 7, "response_id": "r1"}}""",
    "agent_chat_response_part": """
        {"type": "agent_chat_response_part", "text_response_part":
            {"text": "Hel", "type": "delta", "event_id": 7, "response_id": "r1"}}""",
    "agent_reasoning_response_part": """
        {"type": "agent_reasoning_response_part", "reasoning_response_part":
            {"text": "Hm", "type": "delta", "event_id": "turn-a"}}""",
    "agent_response_complete": """
        {"type": "agent_response_complete", "agent_response_complete_event": {"event_id": 7}}""",
    "agent_response_metadata": """
        {"type": "agent_response_metadata", "agent_response_metadata_event":
            {"metadata": {"key": "value"}, "event_id": 7}}""",
    "user_transcript": """
        {"type": "user_transcript", "user_transcription_event": {"user_transcript": "Hi there", "event_id": 6}}""",
    "tentative_user_transcript": """
        {"type": "tentative_user_transcript", "tentative_user_transcription_event":
            {"user_transcript": "Hi th", "event_id": 6}}""",
    "interruption": """{"type": "interruption", "interruption_event": {"event_id": 7}}""",
    "ping": """{"type": "ping", "ping_event": {"event_id": 12, "ping_ms": 48}}""",
    "client_tool_call": """
        {"type": "client_tool_call", "client_tool_call": {"tool_name": "get_time", "tool_call_id": "tc_1",
            "parameters": {"tz": "UTC"}, "event_id": 8, "expects_response": true}}""",
    "agent_tool_request": """
        {"type": "agent_tool_request", "agent_tool_request": {"tool_name": "get_time", "tool_call_id": "tc_1",
            "tool_type": "client", "event_id": 8, "expects_response": true, "disable_interruptions": false,
            "response_timeout_secs": 20, "execution_mode": "immediate"}}""",
    "agent_tool_response": """
        {"type": "agent_tool_response", "agent_tool_response": {"tool_name": "skip_turn",
            "tool_call_id": "skip_turn_c82c", "tool_type": "system", "is_error": false, "is_called": true,
            "is_blocked": false, "event_id": 8}}""",
    "agent_tool_response_full_payload": """
        {"type": "agent_tool_response_full_payload", "agent_tool_response_full_payload":
            {"tool_name": "get_time", "tool_call_id": "tc_1", "tool_type": "client", "is_error": false,
             "is_called": true, "is_blocked": false, "event_id": 8, "full_tool_result": "12:00",
             "truncated": false}}""",
    "mcp_tool_call": """
        {"type": "mcp_tool_call", "mcp_tool_call": {"service_id": "s1", "tool_call_id": "mc_1",
            "tool_name": "search", "tool_description": "Looks things up", "parameters": {"q": "x"},
            "timestamp": "2026-09-30T14:23:45+00:00", "state": "awaiting_approval",
            "approval_timeout_secs": 300}}""",
    "mcp_connection_status": """
        {"type": "mcp_connection_status", "mcp_connection_status": {"integrations": [{"integration_id": "i1",
            "integration_type": "mcp_server", "is_connected": true, "tool_count": 3}]}}""",
    "vad_score": """{"type": "vad_score", "vad_score_event": {"vad_score": 0.95}}""",
    "context_usage": """
        {"type": "context_usage", "context_usage_event": {"event_id": 7, "model": "gemini-2.5-flash",
            "context_tokens": 1234, "context_limit_tokens": 1000000}}""",
    "guardrail_triggered": """
        {"type": "guardrail_triggered", "guardrail_triggered_event": {"guardrail_name": "pii"}}""",
    "error": """
        {"type": "error", "error_event": {"code": 1008, "message": "no", "error_type": "override_error",
            "reason": "not allowed", "debug_message": "voice_id", "details": {"field": "voice_id"}}}""",
    "client_error": """
        {"type": "client_error", "error_event": {"code": 1008, "error_name": "override_error",
            "message": "not allowed"}}""",
    "internal_turn_probability": """
        {"type": "internal_turn_probability", "turn_probability_internal_event": {"turn_probability": 0.5}}""",
    "internal_tentative_agent_response": """
        {"type": "internal_tentative_agent_response", "tentative_agent_response_internal_event":
            {"tentative_agent_response": "Well"}}""",
    "rich_content": """
        {"type": "rich_content", "rich_content": {"rich_content_id": "rc_1", "component": "button",
            "props": {"label": "Yes"}, "event_id": 7}}""",
    "agent_typing": """
        {"type": "agent_typing", "agent_typing_event": {"is_typing": true, "duration_ms": 3000}}""",
    "external_agent_connected": """
        {"type": "external_agent_connected", "external_agent_connected_event": {}}""",
    "external_agent_disconnected": """
        {"type": "external_agent_disconnected", "external_agent_disconnected_event": {}}""",
    "queue_status": """{"type": "queue_status", "queue_status_event": {"status": "waiting"}}""",
    "dtmf_request": """{"type": "dtmf_request"}""",
}
"""The frame of each `type`, with every field that protocol 3.1 names."""

LEAST: dict[str, Any] = {
    "conversation_initiation_metadata": {"conversation_id": "conv_123"},
    "audio": {"audio_base_64": "", "event_id": 7},
    "audio_alignment": {},
    "agent_response": {"agent_response": "Hello!"},
    "agent_response_correction": {"original_agent_response": "Hello!", "corrected_agent_response": "Hel"},
    "agent_chat_response_part": {"type": "stop"},
    "agent_reasoning_response_part": {"type": "stop"},
    "agent_response_complete": {},
    "agent_response_metadata": {"metadata": {}},
    "user_transcript": {"user_transcript": "Hi"},
    "tentative_user_transcript": {"user_transcript": "Hi"},
    "interruption": {"event_id": 7},
    "ping": {"event_id": 12},
    "client_tool_call": {"tool_call_id": "tc_1"},
    "agent_tool_request": {"tool_name": "get_time", "tool_call_id": "tc_1"},
    "agent_tool_response": {"tool_name": "get_time", "tool_call_id": "tc_1"},
    "agent_tool_response_full_payload": {
        "tool_name": "get_time",
        "tool_call_id": "tc_1",
        "full_tool_result": "",
    },
    "mcp_tool_call": {"service_id": "s1", "tool_call_id": "mc_1", "tool_name": "search", "state": "loading"},
    "mcp_connection_status": {},
    "vad_score": {"vad_score": 0},
    "context_usage": {},
    "guardrail_triggered": None,
    "error": {"code": 1011},
    "client_error": {"code": 1008},
    "internal_turn_probability": {"turn_probability": 1},
    "internal_tentative_agent_response": {"tentative_agent_response": ""},
    "rich_content": {"rich_content_id": "rc_1", "component": "button"},
    "agent_typing": {"is_typing": False},
    "external_agent_connected": None,
    "external_agent_disconnected": None,
    "queue_status": {"status": "admitted"},
}
"""The smallest payload that each type is read with; None where there need be no payload at all."""


def payload_key(message_type: str) -> str:
    """Under which key the payload of that type stands; "" for the one that has none."""
    return next((key for key in json.loads(FRAMES[message_type]) if key != "type"), "")


def frame_of(message_type: str, payload: str) -> str:
    """A frame of that type around the JSON text of its payload, which need not be right."""
    return f'{{"type": "{message_type}", "{payload_key(message_type)}": {payload}}}'
