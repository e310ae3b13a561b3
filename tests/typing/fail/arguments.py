"""Wrong arguments of a call are errors."""

from __future__ import annotations

from agora_sdk import AgoraClient

client = AgoraClient()

client.messaging.send("You")  # E: call-arg: "content"
client.messaging.send("You", 3)  # E: arg-type: expected "str"
client.messaging.send("You", "Hello", colour="red")  # E: call-arg: "colour"
client.messaging.send("You", "Hello", "info", "soon")  # E: arg-type: | Priority"
client.messaging.send("You", "Hello", "info", metadata=[1])  # E: arg-type
client.messaging.sned("You", "Hello")  # E: attr-defined: "sned"
client.register(name="Me")  # E: call-arg
client.query.agents("docs")  # E: arg-type: expected "list[str]"
client.agent.list(None, None, None, 50)  # E: call-arg: Too many positional arguments
client.tasks.assign("You")  # E: attr-defined: "tasks"
