"""The wire's rules, both ends, without any I/O: messages, the client's side and the agent's side."""
