"""The doors that users of the ElevenLabs Python SDK know, onto our one engine."""
