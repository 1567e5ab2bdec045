"""Where user code runs that may block: never on the wire."""
