"""Messages that manage instances: deploy, co_locate, scale, create_container; and remote hosting agents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Caller
from agora.domains.instances.maintenance import InstanceMaintenance
from agora_sdk.errors import InvalidRequest, UpstreamUnavailable
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.instances.instance_programs import AGENT, Site, site, whatever_the_store
from tests.polling import eventually
from tests.stream_server import serve_streams

RUNS_ON = RunsOn.BOTH_IF_LONG

ORCHESTRATOR, HOSTING = "agent.marketplace.orchestrator", "agent.agentify.hosting-orchestrator"
CALC = "agent.calculator.calculation"


@pytest.fixture
async def here(engine: Engine, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, engine) as found:
        yield found


async def send(here: Site, who: Caller, kind: str, to: str, /, **fields: Any) -> Any:
    message = {"type": kind, "to": to, "intent": "deploy_agent"} | fields
    return await here.call("conversation.send", who, message=message)


async def reply(here: Site, who: Caller, sent: Any) -> Any:
    found = await eventually(
        lambda: here.call("conversation.reply", who, message_id=sent.message_id),
        lambda found: found.message is not None,
    )
    return found.message


async def pending(here: Site, who: Caller) -> list[dict[str, Any]]:
    page = await here.call("conversation.pending", who)
    found = [message.document() for message in page.messages]
    ids = [message["id"] for message in found if message["id"].startswith("msg_")]
    if ids:
        await here.call("messaging.mark", who, message_ids=ids)
    return found


async def only(here: Site, account: str | None = None) -> Any:
    (found,) = (await here.call("instance.list", account=account)).instances
    return await here.get(found.instance_id)


# -- local hosts -----------------------------------------------------------------------------------


async def test_deploy_message_starts_an_instance(here: Site) -> None:
    app = await here.market.agent("App", alias="agent.app.orchestrator")
    await here.agent("Calc", agent_id=CALC, host_requirements={"min_memory_mb": 64, "min_cpu_cores": 0.1})
    sent = await send(here, app, "deploy", ORCHESTRATOR, payload={"agent_id": CALC, "customer_id": "customer-123"})
    assert sent.answer is None
    confirmed = await reply(here, app, sent)
    made = await only(here)
    assert (confirmed.type, confirmed.sender, confirmed.intent) == ("deploy_confirm", ORCHESTRATOR, "agent_deployed")
    assert confirmed.payload["agent_id"] == CALC
    assert confirmed.payload["address"] == made.address
    assert confirmed.payload["health_url"] == f"{made.address}/health"
    assert confirmed.payload["co_located"] is False
    assert made.customer_id == app.subject, "a customer that the sender does not speak for pays nothing"
    assert (await here.execute(made.instance_id, "/process", caller=app)).status == "completed"


async def test_co_locate_message_places_an_instance(here: Site) -> None:
    app = await here.market.agent("App", alias="agent.app.orchestrator")
    await here.agent("Calc", agent_id=CALC)
    await here.agent("Near")
    near = {"required": True, "with_agent": CALC, "reason": "low_latency_required"}
    refused = (await send(here, app, "deploy", ORCHESTRATOR, payload={"agent_id": "Near", "co_location": near})).answer
    assert (refused.type, refused.payload["code"]) == ("deploy_failure", "CONFLICT")
    assert "which has no instance" in refused.payload["error"]
    first = await here.create("Calc", app)
    sent = await send(here, app, "deploy", ORCHESTRATOR, payload={"agent_id": "Near", "co_location": near})
    confirmed = await reply(here, app, sent)
    assert confirmed.payload["co_located"] is True
    assert confirmed.payload["co_located_with"] == first.instance_id
    second = await send(here, app, "co_locate", ORCHESTRATOR, payload={"agent_id": "Near", "with_agent": CALC})
    assert (await reply(here, app, second)).payload["co_located"] is True


@whatever_the_store
async def test_failed_deployment_is_reported(here: Site) -> None:
    app = await here.market.agent("App")
    await here.agent("Broken", "import sys; sys.exit(3)")
    sent = await send(here, app, "deploy", ORCHESTRATOR, payload={"agent_id": "Broken"})
    for _ in range(2):
        await eventually(lambda: only(here), lambda found: found.status == "failed" and found.retry_at is not None)
        before = (await only(here)).generation
        here.clock.advance(300)
        await eventually(lambda: only(here), lambda found, seen=before: found.generation > seen)
    failed = await reply(here, app, sent)
    assert (failed.type, failed.intent) == ("deploy_failure", "deployment_failed")
    assert failed.payload["error"] == "It ended with code 3."
    rows = await eventually(
        lambda: here.rows("select state from instances where tenant_id = :tenant"),
        lambda rows: rows[0]["state"] == "stopped",
    )
    assert len(rows) == 1


@whatever_the_store
async def test_unsatisfiable_requirements_are_refused_by_name(here: Site) -> None:
    app = await here.market.agent("App")
    await here.agent("Calc")
    payload = {"agent_id": "Calc", "host_requirements": {"min_memory_mb": 16_000_000, "gpu_required": True}}
    refused = (await send(here, app, "deploy", ORCHESTRATOR, payload=payload)).answer
    fields = {each["field"] for each in refused.payload["details"]}
    assert {"host_requirements.min_memory_mb", "host_requirements.gpu_required"} <= fields


async def test_scale_message_changes_the_number_of_instances(here: Site) -> None:
    app = await here.market.agent("App")
    await here.agent("Calc")
    scaled = (await send(here, app, "scale", ORCHESTRATOR, payload={"agent_id": "Calc", "replicas": 2})).answer
    assert (scaled.type, scaled.payload["desired_instances"]) == ("confirm", 2)
    found = await eventually(
        lambda: here.call("instance.scaling", app, agent_id="Calc"), lambda found: found.running_instances == 2
    )
    assert len(found.instances) == 2


async def test_built_in_hosting_agent_starts_instances(here: Site) -> None:
    app = await here.market.agent("App")
    await here.agent("Calc", agent_id=CALC)
    made = await send(here, app, "request", HOSTING, intent="create_container", payload={"agent_id": CALC})
    created = await reply(here, app, made)
    assert (created.type, created.sender, created.intent) == ("inform", HOSTING, "container_created")
    container = created.payload["container_id"]
    assert created.payload["address"].startswith("http://127.0.0.1:")
    for intent, status in (
        ("pause_container", "paused"),
        ("resume_container", "running"),
        ("remove_container", "stopped"),
    ):
        answer = (await send(here, app, "request", HOSTING, intent=intent, payload={"container_id": container})).answer
        assert (answer.type, answer.intent) == ("confirm", f"{intent}_accepted")
        await here.until(container, status)
    eve = await here.market.agent("Eve")
    second = await reply(
        here, app, await send(here, app, "request", HOSTING, intent="create_container", payload={"agent_id": CALC})
    )
    stolen = await send(here, eve, "request", HOSTING, intent="remove_container", payload=second.payload)
    assert stolen.answer.payload["code"] == "NOT_FOUND"
    odd = await send(here, eve, "request", HOSTING, intent="dance", payload={})
    assert odd.answer.intent == "unknown_intent"


# -- remote hosts ---------------------------------------------------------------------------------


async def elsewhere(here: Site) -> Caller:
    """Register a hosting agent as the only host that runs containers."""
    host = await here.market.agent("Host", alias="agent.far.hosting")
    await here.call(
        "host.register", name="far", agent_id="Host", region="eu", memory_mb=2048, cpu_cores=4, private_addresses=True
    )
    image = {"docker_image": "company/calc:1", "build_config": {"type": "docker"}, "port": 8000}
    manifest = here.manifest("Calc", agent_id=CALC, pricing={"type": "per_hour", "price": 3.6}, **image)
    del manifest["directory"]
    await here.call("deployment.register", manifest=manifest)
    return host


async def say(here: Site, host: Caller, request: dict[str, Any], kind: str, intent: str, /, **payload: Any) -> None:
    correlation = {"reply_to": request["id"]}
    await send(here, host, kind, ORCHESTRATOR, intent=intent, payload=payload, correlation=correlation)


async def asked(here: Site, host: Caller, intent: str) -> dict[str, Any]:
    """Return the next request to the hosting agent."""
    found: list[dict[str, Any]] = []

    async def look() -> list[dict[str, Any]]:
        await here.elsewhere()
        found.extend(await pending(here, host))
        return found

    await eventually(look, bool)
    (request,) = found
    assert (request["type"], request["sender"], request["intent"]) == ("request", ORCHESTRATOR, intent)
    return request


async def test_hosting_agent_replaces_an_engine(here: Site) -> None:
    host = await elsewhere(here)
    acme = here.customer("acme")
    program = here.source({"main.py": AGENT})
    made = await here.call("instance.create", acme, agent_id=CALC, wait=0, instance_config={"memory_limit": "256M"})
    request = await asked(here, host, "create_container")
    assert request["payload"]["docker_image"] == "company/calc:1"
    assert request["payload"]["customer_id"] == "acme"
    assert request["payload"]["instance_config"]["memory_limit"] == "256M"
    assert (await here.get(made.instance_id)).status == "provisioning"

    async with serve_streams(_answering) as port:
        address = f"http://127.0.0.1:{port}"
        told = {"container_id": "calc-1", "address": address, "health_url": f"{address}/health", "host_node": "node-a"}
        await say(here, host, request, "inform", "container_created", **told)
        running = await here.get(made.instance_id, acme)
        assert (running.status, running.address, running.engine, running.host) == ("running", address, "remote", "far")
        done = await here.execute(made.instance_id, "/work", {"a": 1}, caller=acme)
        assert done.result == {"ok": True}
        here.clock.advance(3600)  # the machine's clock is changed, while half an hour passes
        here.pass_ticks(1800)
        await eventually(
            lambda: _stepped(here, made.instance_id), lambda found: round(found.billing_info.total_cost, 1) == 1.8
        )

        await here.call("instance.pause", acme, instance_id=made.instance_id, wait=0)
        request = await asked(here, host, "pause_container")
        assert request["payload"]["container_id"] == "calc-1"
        here.clock.advance(30)
        await say(here, host, request, "confirm", "paused")
        assert (await here.get(made.instance_id)).status == "paused"
        here.clock.advance(3600)
        await here.call("instance.resume", acme, instance_id=made.instance_id, wait=0)
        await say(here, host, await asked(here, host, "resume_container"), "confirm", "resumed")
        await here.call("instance.terminate", acme, instance_id=made.instance_id, wait=0)
        await say(here, host, await asked(here, host, "remove_container"), "done", "removed")
    ended = await here.get(made.instance_id)
    assert ended.status == "stopped"
    assert round(ended.billing_info.total_cost, 1) == 1.8
    assert program


async def _stepped(here: Site, instance_id: str) -> Any:
    await here.elsewhere()
    return await here.get(instance_id)


async def _answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = b'{"ok": true}'
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()


@whatever_the_store
async def test_deploy_message_goes_to_the_preferred_host(here: Site) -> None:
    host = await elsewhere(here)
    app = await here.market.agent("App")
    payload = {"agent_id": CALC, "preferred_host": "agent.far.hosting"}
    sent = await send(here, app, "deploy", ORCHESTRATOR, payload=payload)
    request = await asked(here, host, "create_container")
    await say(here, host, request, "agree", "at it")
    await say(here, host, request, "inform", "container_created", container_id="calc-1", address="http://10.0.0.1:8000")
    confirmed = await reply(here, app, sent)
    assert (confirmed.type, confirmed.payload["address"]) == ("deploy_confirm", "http://10.0.0.1:8000")
    assert (await only(here)).status == "running"


@whatever_the_store
async def test_hosting_agent_that_refuses_or_is_silent_fails_the_instance(here: Site) -> None:
    host = await elsewhere(here)
    made = await here.call("instance.create", agent_id=CALC, wait=0)
    await say(here, host, await asked(here, host, "create_container"), "failure", "full", error="no room", code="FULL")
    failed = await here.get(made.instance_id)
    assert (failed.status, failed.reason) == ("failed", "no room")
    here.clock.advance(5)
    await asked(here, host, "create_container")
    here.clock.advance(601)
    silent = await eventually(lambda: _stepped(here, made.instance_id), lambda found: found.status == "failed")
    assert silent.reason == "The hosting agent did not answer."
    await here.call("instance.terminate", instance_id=made.instance_id, wait=0)
    assert (
        await eventually(lambda: _stepped(here, made.instance_id), lambda found: found.status == "stopped")
    ).stopped_at


async def test_container_that_starts_too_late_is_removed(here: Site) -> None:
    host = await elsewhere(here)
    made = await here.call("instance.create", agent_id=CALC, wait=0)
    late = await asked(here, host, "create_container")
    here.clock.advance(601)
    await eventually(lambda: _stepped(here, made.instance_id), lambda found: found.status == "failed")
    here.clock.advance(5)
    second = await asked(here, host, "create_container")
    assert (late["payload"]["generation"], second["payload"]["generation"]) == (1, 2)
    await say(here, host, late, "inform", "container_created", container_id="calc-1", address="http://10.0.0.1:8000")
    request = await asked(here, host, "remove_container")
    assert request["payload"] == {"container_id": "calc-1", "instance_id": made.instance_id}
    assert (await here.get(made.instance_id)).status == "provisioning"
    await say(here, host, request, "done", "removed")
    await say(here, host, second, "inform", "container_created", container_id="calc-2", address="http://10.0.0.1:8001")
    assert (await here.get(made.instance_id)).address == "http://10.0.0.1:8001"


async def test_crashed_container_is_removed_before_its_successor_is_created(here: Site) -> None:
    host = await elsewhere(here)
    instance = await started(here, host, "http://10.0.0.1:8000")
    await here.call("instance.pause", instance_id=instance)
    await say(here, host, await asked(here, host, "pause_container"), "failure", "dead", error="it has crashed")
    assert (await here.get(instance)).status == "failed"
    await here.call("instance.resume", instance_id=instance)
    requests: list[dict[str, Any]] = []

    async def look() -> list[dict[str, Any]]:
        await here.elsewhere()
        requests.extend(await pending(here, host))
        return requests

    await eventually(look, lambda found: len(found) == 2)
    removal, creation = requests
    assert (removal["intent"], creation["intent"]) == ("remove_container", "create_container")
    assert removal["payload"] == {"container_id": "calc-1", "instance_id": instance}
    await say(here, host, removal, "done", "removed")
    await say(
        here, host, creation, "inform", "container_created", container_id="calc-2", address="http://10.0.0.1:8001"
    )
    assert (await here.get(instance)).address == "http://10.0.0.1:8001"


async def test_forged_and_malformed_answers_change_nothing(here: Site) -> None:
    host = await elsewhere(here)
    eve = await here.market.agent("Eve")
    made = await here.call("instance.create", agent_id=CALC, wait=0)
    request = await asked(here, host, "create_container")
    with pytest.raises(Exception, match=r"no message|unknown|answer"):
        await say(
            here, eve, request, "confirm", "container_created", container_id="mine", address="http://evil.example"
        )
    assert (await here.get(made.instance_id)).status == "provisioning"
    await say(here, host, request, "inform", "container_created", container_id="x", address="javascript:alert(1)")
    assert (await here.get(made.instance_id)).status == "failed"


@whatever_the_store
async def test_addresses_of_remote_instances_are_checked(here: Site) -> None:
    """A hosting agent that may not use private addresses cannot make the server connect to them."""
    host = await elsewhere(here)
    await here.call("host.remove", host="far")
    await here.call("host.register", name="far", agent_id="Host")
    made = await here.call("instance.create", agent_id=CALC, wait=0)
    request = await asked(here, host, "create_container")
    await say(here, host, request, "inform", "container_created", container_id="c", address="http://127.0.0.1:1")
    with pytest.raises(UpstreamUnavailable):
        await here.execute(made.instance_id, "/admin")


async def started(here: Site, host: Caller, address: str, caller: Caller | None = None) -> str:
    """Start an instance on the remote host, with an address."""
    made = await here.call("instance.create", caller, agent_id=CALC, wait=0)
    request = await asked(here, host, "create_container")
    await say(here, host, request, "inform", "container_created", container_id="calc-1", address=address)
    assert (await here.get(made.instance_id)).status == "running"
    return str(made.instance_id)


async def test_co_location_with_a_container_of_a_hosting_agent(here: Site) -> None:
    """As documented: the requester runs in a container of the host that it prefers."""
    host = await elsewhere(here)
    app = await here.market.agent("App", alias="agent.app.orchestrator", metadata={"container_id": "orch-cust-123-xyz"})
    near = {"required": True, "with_agent": "agent.app.orchestrator", "reason": "low_latency_required"}
    payload = {"agent_id": CALC, "customer_id": "customer-123", "co_location": near}
    sent = await send(here, app, "deploy", ORCHESTRATOR, payload=payload | {"preferred_host": "agent.far.hosting"})
    request = await asked(here, host, "create_container")
    assert request["payload"]["co_location"] == {"required": True, "with_container_id": "orch-cust-123-xyz"}
    told = {"container_id": "calc-cust-123-abc", "address": "http://calc-cust-123:8000", "agent_id": CALC}
    told |= {"health_url": "http://calc-cust-123:8000/health", "co_located_with": "orch-cust-123-xyz"}
    await say(here, host, request, "inform", "container_created", **told, host_node="node-eu-central-1-a")
    confirmed = await reply(here, app, sent)
    assert (confirmed.type, confirmed.intent) == ("deploy_confirm", "agent_deployed")
    assert (
        confirmed.payload.items()
        >= {
            "agent_id": CALC,
            "address": "http://calc-cust-123:8000",
            "health_url": "http://calc-cust-123:8000/health",
            "co_located": True,
        }.items()
    )
    await here.agent("Local")
    refused = (await send(here, app, "deploy", ORCHESTRATOR, payload={"agent_id": "Local", "co_location": near})).answer
    assert refused.type == "deploy_failure"
    told_why = {each["message"].partition(": ")[2] for each in refused.payload["details"]}
    assert told_why == {
        "has no directory of a server of this marketplace",
        "the instance to run beside is with a hosting agent",
    }


@whatever_the_store
async def test_paths_cannot_leave_an_instance_behind_a_gateway(here: Site) -> None:
    """Behind one address, each instance has its own path, beside those of other customers."""
    host = await elsewhere(here)
    made = await started(here, host, "http://127.0.0.1:1/containers/mine")
    for endpoint in (
        "/../theirs",
        "/a/../../theirs",
        "/%2e%2e/theirs",
        "/..%2ftheirs",
        "/%252e%252e/x",
        "/..%5ctheirs",
    ):
        with pytest.raises(InvalidRequest, match="leads out"):
            await here.execute(made, endpoint)
    for endpoint in ("/x..y/...", "/?from=../..", "//theirs"):
        with pytest.raises(UpstreamUnavailable):
            await here.execute(made, endpoint)


async def test_exhausted_budget_pauses_a_remote_instance(here: Site) -> None:
    host = await elsewhere(here)
    acme = here.customer("acme")
    made = await started(here, host, "http://127.0.0.1:1", acme)
    await here.call("billing.budget", acme, hard_limit=1.0)
    here.pass_time(1000)
    await here.elsewhere()
    await here.controller(InstanceMaintenance).reconcile("default")
    request = await asked(here, host, "pause_container")
    await say(here, host, request, "confirm", "paused")
    found = await here.get(made)
    assert (found.status, found.desired_status) == ("paused", "running")
    assert found.reason == "The budget does not allow it to run."
    assert round(found.billing_info.total_cost, 2) == 1.0
    await here.call("billing.budget", acme, hard_limit=9.0)
    await here.upkeep()
    await say(here, host, await asked(here, host, "resume_container"), "confirm", "resumed")
    assert (await here.get(made)).status == "running"


async def test_instances_of_a_deregistered_hosting_agent_are_stopped(here: Site) -> None:
    host = await elsewhere(here)
    made = await started(here, host, "http://127.0.0.1:1")
    here.pass_time(1000)
    await here.elsewhere()
    await here.call("agent.deregister", host, agent_id="Host")
    here.pass_time(1000)
    ended = await eventually(lambda: _stepped(here, made), lambda found: found.status == "stopped")
    assert ended.reason == "Its hosting agent was deregistered."
    assert round(ended.billing_info.total_cost, 2) == 1.0, "it ran until it was last seen"
