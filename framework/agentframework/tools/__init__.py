"""Tools: what a tool is, how its arguments are read and checked, and how its result becomes text."""
