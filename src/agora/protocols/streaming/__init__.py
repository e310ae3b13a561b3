"""Live events over WebSocket and over server-sent events.

Only the two wire formats: the feed decides which events a subscriber gets, and operations called over a socket go through
the dispatcher like all others.
"""
