"""The server that the A2A TCK is run against. Usage: tck_server.py DIRECTORY [STREAMING_TIMEOUT]

It is Agora with one agent more, at ``/a2a/TCK``, which does what the TCK's scenarios ask for by the prefix of a
message's id. The TCK says different things under one message id, which Agora takes for a retry that was changed,
and refuses: here each message gets an id of its own. The TCK of A2A 0.3 knows agents only at the root of a host, so
messages to the front agent go to this one. Prints the agent's address.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from pydantic_core import to_json

from agora.builtin_agents.port import BuiltinAgent, InputRequired, Job, Profile, Reply, TaskRejected
from agora.builtin_agents.registration import register_builtin
from agora.core.call import Caller
from agora.protocols.a2a.core import Core, OpenedStream, Request
from agora.protocols.a2a.endpoint import A2AApp
from agora.protocols.http import Access, Scope
from agora.server.app import App
from agora.settings import Settings

NAME = "TCK"
DIRECT = "tck-message-response"
FILE = {"filename": "output.txt", "mediaType": "text/plain"}
ARTIFACTS: dict[str, dict[str, Any]] = {
    "tck-artifact-text": {"text": "Generated text content"},
    "tck-artifact-file-url": {"url": "https://example.com/output.txt", **FILE},
    "tck-artifact-file": {"raw": base64.b64encode(b"output\n").decode(), **FILE},
    "tck-artifact-data": {"data": {"key": "value", "count": 42}},
    "tck-stream-001": {"text": "Stream hello from TCK"},
    "tck-stream-003": {"text": "Stream task lifecycle"},
    "tck-stream-ordering-001": {"text": "Ordered output"},
    "tck-stream-artifact-text": {"text": "Streamed text content"},
    "tck-stream-artifact-file": {"raw": base64.b64encode(b"output\n").decode(), **FILE},
}


class TckAgent(BuiltinAgent):
    """Does what ``scenarios/*.feature`` of the TCK 1.0, and ``SUT_REQUIREMENTS.md`` of 0.3, say."""

    profile = Profile(
        NAME,
        "Does what the scenarios of the A2A Technology Compatibility Kit ask for.",
        [
            {
                "id": "tck",
                "name": "Scenarios",
                "description": "Behaves as the id of the message says.",
                "tags": ["tck", "test"],
                "examples": ["Hello from TCK"],
            }
        ],
        ["test"],
    )
    concurrency = 64

    def __init__(self, streaming_timeout: float) -> None:
        self._long = 2 * streaming_timeout

    async def handle(self, job: Job) -> Reply | str:
        id = str(job.message.get("messageId", ""))
        if id.startswith("test-resubscribe-message-id"):
            await job.say("working")
            await asyncio.sleep(self._long)
            return "done"
        if id.startswith("tck-input-required") or not id.startswith(
            "tck-"
        ):  # 0.3 goes on with its tasks, or cancels them
            raise InputRequired("What else?")
        if id.startswith("tck-reject-task"):
            raise TaskRejected("rejected")
        if id.startswith("tck-stream-artifact-chunked"):
            await job.artifact([{"text": "chunk-1 "}], artifact_id="chunks", last=False)
            await job.artifact([{"text": "chunk-2"}], artifact_id="chunks", append=True)
            return Reply()
        for prefix, part in ARTIFACTS.items():
            if id.startswith(f"{prefix}-"):
                await job.artifact([part], artifact_id="result")
                return Reply()
        return "Hello from TCK"


class TckCore(Core):
    """Gives each message an id of its own and the agent, and answers one scenario without a task."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._numbers = itertools.count(1)

    async def call(self, request: Request) -> bytes:
        direct = self._prepare(request)
        return (
            await super().call(request)
            if direct is None
            else request.dialect.encode_result(request.method.name, direct)
        )

    async def open(self, request: Request) -> OpenedStream:
        direct = self._prepare(request)
        return await super().open(request) if direct is None else OpenedStream(None, (0, direct))

    def _prepare(self, request: Request) -> bytes | None:
        message = request.arguments.get("message")
        if message is None:
            return None
        request.agent = request.agent or NAME
        message["messageId"] = f"{message['messageId']}-{next(self._numbers)}"
        if not message["messageId"].startswith(DIRECT):
            return None
        said = {"messageId": f"answer-{message['messageId']}", "role": "ROLE_AGENT"}
        return to_json({"message": {**said, "parts": [{"text": "Direct message response"}]}})


class TckA2A(A2AApp):
    """Over gRPC the kit has no credential, either: it is the operator, as it is over HTTP."""

    async def authenticate_grpc(self, scope: Scope) -> Caller:
        return await super().authenticate_grpc({**scope, "client": ("127.0.0.1", 0)})


class TckApp(App):
    """The application with the TCK's agent in it."""

    def __init__(self, settings: Settings, streaming_timeout: float) -> None:
        super().__init__(settings)
        self._agent = TckAgent(streaming_timeout)

    def _wire_protocols(self) -> None:
        super()._wire_protocols()
        access = Access(self.authenticator, self.settings, self.backpressure)
        core = TckCore(self.dispatcher, self.settings.a2a_wait)
        self.a2a = TckA2A(self.dispatcher, access, self.settings, core)

    async def start(self) -> None:
        await super().start()
        found = await self.dispatcher.run_as_system(
            "default", lambda call: register_builtin(call, profile=self._agent.profile)
        )
        assert found is not None
        self.agent_host.put("default", found[0], NAME, self._agent)


def main(directory: str, streaming_timeout: str = "2") -> None:
    """Serve until stopped."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        grpc_port = probe.getsockname()[1]
    options: dict[str, Any] = {"port": 0, "events_port": 0, "data_dir": Path(directory), "a2a_grpc_port": grpc_port}
    settings = Settings.load(environ={}, log_level="warning", a2a_private_networks=True, **options)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(TckApp(settings, float(streaming_timeout)), log_level="warning", lifespan="on")
    print(f"http://localhost:{listener.getsockname()[1]}/a2a/{NAME}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
