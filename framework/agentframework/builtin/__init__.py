"""The plugins that come with the runtime: they enter by the public door, and import public names alone."""
