"""How frames travel: over a WebSocket, or in memory."""
