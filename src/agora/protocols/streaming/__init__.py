"""Live events over WebSocket and over server-sent events.

Only the two wire formats: the feed selects a subscriber's events, and operations called over a socket go through
the dispatcher like all others.
"""
