"""The Agent Communication Protocol: ``POST /agent/message`` and the WebSocket ``/agent/ws``.

:mod:`.messages` parses messages and builds error messages, :mod:`.exchange` passes a message to the dispatcher and
finds its reply, :mod:`.endpoint` and :mod:`.socket` are the two transports.
"""
