"""The engine: one conversation from the first frame to the last, with its tools, its handlers and its sound."""
