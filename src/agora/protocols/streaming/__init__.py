"""Live: events as they happen, over WebSocket and over server-sent events.

In this room: the two wires and nothing else. What is streamed, to whom and from where is the feed's
business; operations called over a socket go to the dispatcher like everybody's.
"""
