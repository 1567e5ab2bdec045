"""An agent on this machine: a server that speaks the agent's side of the wire, and who talks in it."""
