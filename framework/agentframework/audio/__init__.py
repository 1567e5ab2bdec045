"""Where the agent's voice goes and where the user's comes from."""
