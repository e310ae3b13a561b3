"""OpenAI's official SDKs against a server process, with an SDK agent as the model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from openai import NotFoundError, OpenAI, UnprocessableEntityError
from scripts import conformance_mcp

from tests.blackbox.server import ServerProcess
from tests.clients.running import PROGRAMS
from tests.openai_agent import NAME, QUESTION
from tests.processes import spawn_tethered

NPM = "openai@7.57.0"
TOOL: Any = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}, "strict": None}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Yield the URL of a server with the agent, and a key."""
    server = ServerProcess(tmp_path_factory.mktemp("openai") / "data", builtin_agents="true")
    with closing(server):
        server.start()
        command = [sys.executable, "-m", "tests.openai_agent", server.url]
        agent = spawn_tethered(command, stdout=subprocess.PIPE, env=server.environment)
        assert agent.stdout is not None
        try:
            assert agent.stdout.readline(), "the agent did not start"
            yield server.url, server.register("OpenAI Client").token
        finally:
            agent.terminate()
            agent.wait(60)
            agent.stdout.close()


def test_python_sdk_passes_every_scenario(target: tuple[str, str]) -> None:
    with OpenAI(base_url=f"{target[0]}/v1", api_key=target[1]) as client:
        assert NAME in [model.id for model in client.models.list()]
        messages: list[Any] = [{"role": "user", "content": "count 3"}]
        options = {"include_usage": True}
        chunks = list(
            client.chat.completions.create(model=NAME, messages=messages, stream=True, stream_options=options)  # type: ignore[call-overload]
        )
        assert "".join(each.choices[0].delta.content or "" for each in chunks if each.choices) == "1 2 3 "
        assert chunks[-1].usage.total_tokens == 0
        _check_responses(client)
        _check_tools(client)
        with pytest.raises(NotFoundError) as missing:
            client.responses.create(model="nobody", input="hello")
        assert missing.value.code == "model_not_found"
        with pytest.raises(UnprocessableEntityError, match=r"No luck\."):
            client.chat.completions.create(model=NAME, messages=[{"role": "user", "content": "fail No luck."}])


def _check_responses(client: OpenAI) -> None:
    with client.responses.stream(model=NAME, input="count 3") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert (final.output_text, final.status, kinds[-1]) == ("1 2 3 ", "completed", "response.completed")
    resumed = [event.type for event in client.responses.retrieve(final.id, stream=True, starting_after=2)]
    assert resumed[-1] == "response.completed"
    assert "response.created" not in resumed
    question = client.responses.create(model=NAME, input="choose")
    answer = client.responses.create(model=NAME, input="the red one", previous_response_id=question.id)
    assert (question.output_text, answer.output_text) == (QUESTION, "You chose the red one.")
    compacted = client.responses.compact(model=NAME, input="choose", previous_response_id=question.id)
    assert [item.type for item in compacted.output] == ["compaction"]
    background = client.responses.create(model=NAME, input="wait", background=True)
    assert client.responses.cancel(background.id).status == "cancelled"


def _check_tools(client: OpenAI) -> None:
    asked = client.responses.create(model=NAME, input="How is the weather?", tools=[TOOL])
    (call,) = asked.output
    assert call.type == "function_call"
    output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    answer = client.responses.create(model=NAME, input=[output], previous_response_id=asked.id, tools=[TOOL])
    assert answer.output_text == "The tool says sunny."


@pytest.mark.long
@pytest.mark.timeout(600)
def test_javascript_sdk_passes_every_scenario(target: tuple[str, str]) -> None:
    node, package = conformance_mcp.install(NPM, "package.json")
    command = [node, str(PROGRAMS / "openai_sdk.mjs"), *target, NAME]
    environment = os.environ | {"OPENAI_HOME": str(Path(package).parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert {NAME, "Echo Agent", "agora"} <= set(found["models"])
    assert (found["completion"], found["streamed"]) == ("hello", "1 2 3 ")
    assert found["tools"] == "The tool says sunny in San Francisco."
    assert found["conversation"] == [QUESTION, "You chose the red one."]
    assert found["response"] == ["completed", "1 2 3 ", "1 2 3 "]
    assert {"response.created", "response.output_text.delta", "response.completed"} <= set(found["events"])
    assert found["background"] == ["in_progress", "cancelled"]
    assert found["errors"] == [[True, "model_not_found"], [True, "agent_failed"]]
