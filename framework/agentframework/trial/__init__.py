"""Trying tools out: calls of a hosted tool as an agent would make them, with nobody else in the conversation."""
