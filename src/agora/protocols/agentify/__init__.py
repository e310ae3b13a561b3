"""The Agent Communication Protocol on a wire: ``POST /agent/message`` and the WebSocket ``/agent/ws``.

:mod:`.messages` turns bytes into a message and errors into the messages the protocol has for them, :mod:`.exchange`
carries a message to the dispatcher and finds what answers it, :mod:`.endpoint` and :mod:`.socket` are the two transports.
"""
