"""Media: rooms of a LiveKit server, and tokens for them. The server is a separate program with its own data."""
