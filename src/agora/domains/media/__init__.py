"""Media: rooms of a LiveKit server, and tokens for them. The server is another program; nothing of its rooms is stored here."""
