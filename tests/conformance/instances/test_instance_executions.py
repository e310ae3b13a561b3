"""Requests to instances and their responses, scaling, and placement on hosts."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Caller
from agora.domains.instances import hosts
from agora.domains.instances.maintenance import InstanceMaintenance
from agora_sdk.errors import (
    Conflict,
    DeadlineExceeded,
    IdempotencyConflict,
    InvalidRequest,
    NameTaken,
    PermissionDenied,
    UpstreamFailed,
    UpstreamUnavailable,
)
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.instances.instance_programs import Site, site, whatever_the_store
from tests.polling import eventually

RUNS_ON = RunsOn.BOTH


@pytest.fixture
async def here(engine: Engine, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, engine, instance_answer_limit=100_000) as found:
        yield found


# -- executions ------------------------------------------------------------------------------------


@whatever_the_store
async def test_response_of_an_execution_is_returned(here: Site) -> None:
    await here.agent()
    made = (await here.create()).instance_id
    plain = await here.execute(made, "/a/b", {"x": [1, "ü", None]})
    assert plain.result == {
        "method": "POST",
        "path": "/a/b",
        "given": {"x": [1, "ü", None]},
        "pid": plain.result["pid"],
    }
    assert (plain.encoding, plain.http_status, plain.endpoint, plain.streamed) == ("json", 200, "/a/b", False)
    assert 0 < plain.execution_time < 20
    assert (await here.execute(made, "/x", None)).result["given"] == {}
    asked = await here.execute(made, "/search?q=1", {"a": "b c", "n": 2, "l": [1, 2]}, method="GET")
    assert asked.result["path"] == "/search?q=1&a=b+c&n=2&l=1&l=2"
    text = await here.execute(made, "/text", {})
    assert (text.result, text.encoding, text.content_type) == ("grün", "text", "text/plain")
    data = await here.execute(made, "/bytes", {})
    assert (base64.b64decode(data.result), data.encoding) == (bytes([0, 255]), "base64")
    found = await here.get(made)
    assert found.task_executions == found.resource_usage.task_count == 5


@whatever_the_store
async def test_streamed_response_is_relayed_as_it_arrives(here: Site) -> None:
    await here.agent()
    made = (await here.create()).instance_id
    heard: list[str] = []

    async def progress(done: float, total: float | None, text: str | None) -> None:
        heard.append(text or "")

    operation = here.app.registry.resolve("agora.instance.execute")
    arguments = {"instance_id": made, "endpoint": "/stream"}
    outcome = await here.app.dispatcher.invoke(operation, here.operator, arguments, progress=progress)
    assert outcome.result.streamed
    assert outcome.result.result == "".join(heard) == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert len(heard) >= 2


@whatever_the_store
async def test_failed_executions_have_specific_errors(here: Site) -> None:
    await here.agent()
    made = (await here.create()).instance_id
    with pytest.raises(UpstreamFailed) as refused:
        await here.execute(made, "/status", {"status": 422})
    assert (refused.value.http_status, refused.value.answer) == (422, '{"error": "no"}')
    with pytest.raises(UpstreamFailed, match="larger than 100000 bytes") as large:
        await here.execute(made, "/large", 200_000)
    assert large.value.outcome == "unknown"
    with pytest.raises(DeadlineExceeded) as late:
        await here.execute(made, "/slow", {"seconds": 60}, timeout=0.2)
    assert late.value.outcome == "unknown"
    assert late.value.execution_id.startswith("exec_")
    with pytest.raises(InvalidRequest, match="only an object"):
        await here.execute(made, "/x", [1], method="GET")
    for endpoint in ("x", "/a b", "/a\r\nHost: evil", "http://evil.example/", "/" + "x" * 600):
        with pytest.raises(InvalidRequest):
            await here.execute(made, endpoint)
    assert (await here.execute(made, "/..%2f..%2fetc", {})).result["path"] == "/..%2f..%2fetc"


async def test_repeated_execution_runs_once(here: Site) -> None:
    await here.agent(pricing={"type": "per_request", "price": 1.0})
    made = (await here.create()).instance_id
    arguments: dict[str, Any] = {"instance_id": made, "endpoint": "/process", "parameters": {"n": 1}}
    first, second = [
        await here.market.call(here.operator, "instance.execute", key="once", **arguments) for _ in range(2)
    ]
    assert first.execution_id == second.execution_id
    with pytest.raises(IdempotencyConflict):
        await here.market.call(here.operator, "instance.execute", key="once", **arguments | {"parameters": {"n": 2}})
    assert (await here.call("billing.cost", instance_id=made)).total_cost == 1.0


@whatever_the_store
async def test_execution_on_an_ended_instance_is_refused(here: Site) -> None:
    await here.agent()
    made = (await here.create(instance_config={"restart": "never"})).instance_id
    with pytest.raises(UpstreamFailed):
        await here.execute(made, "/exit", {"code": 0})
    # A terminating program may accept a connection and not answer it.
    with pytest.raises((UpstreamFailed, UpstreamUnavailable, Conflict)):
        await here.execute(made, "/process")
    await here.until(made, "failed")
    with pytest.raises(Conflict):
        await here.execute(made, "/process")


# -- scaling --------------------------------------------------------------------------------------


async def scaled(here: Site, number: int, **more: Any) -> Any:
    return await eventually(
        lambda: here.call("instance.scaling", here.customer("acme"), agent_id="Worker"),
        lambda found: (found.running_instances, len(found.instances)) == (number, number),
    )


async def test_desired_number_of_instances_is_maintained(here: Site) -> None:
    await here.agent()
    acme = here.customer("acme")
    first = await here.call("instance.scale", acme, agent_id="Worker", min_instances=2)
    assert (first.min_instances, first.max_instances, first.desired_instances, len(first.instances)) == (2, 2, 2, 2)
    await scaled(here, 2)
    assert (await here.call("instance.scaling", here.customer("other"), agent_id="Worker")).instances == []
    await here.call("instance.terminate", acme, instance_id=first.instances[0])
    await here.controller(InstanceMaintenance).reconcile("default")
    await scaled(here, 2)
    await here.call("instance.scale", acme, agent_id="Worker", min_instances=0)
    await scaled(here, 0)


@whatever_the_store
async def test_autoscaling_follows_the_load(here: Site) -> None:
    await here.agent()
    acme, upkeep = here.customer("acme"), here.controller(InstanceMaintenance)
    await here.call("instance.scale", acme, agent_id="Worker", min_instances=1, max_instances=3, target_concurrency=2)
    await scaled(here, 1)
    work = [asyncio.create_task(here.execute("Worker", "/slow", {"seconds": 1.5}, caller=acme)) for _ in range(5)]
    await eventually(
        lambda: here.rows("select 1 from instance_executions where tenant_id = :tenant and ended_at is null"),
        lambda rows: len(rows) == 5,
    )
    await upkeep.reconcile("default")
    grown = await scaled(here, 3)
    assert grown.concurrency == 5
    await asyncio.gather(*work)
    for _ in range(30):
        here.clock.advance(5)
        await upkeep.reconcile("default")
    calm = await scaled(here, 1)
    assert calm.desired_instances == 1


async def test_invalid_scaling_is_refused(here: Site) -> None:
    await here.agent(max_instances=1)
    acme = here.customer("acme")
    with pytest.raises(InvalidRequest):
        await here.call("instance.scale", acme, agent_id="Worker", min_instances=2, max_instances=1)
    with pytest.raises(PermissionDenied):
        await here.call("instance.scale", acme, agent_id="Worker", account="other")
    found = await here.call("instance.scale", acme, agent_id="Worker", min_instances=3)
    assert found.problem == "All 1 instances of this agent are in use."
    await scaled(here, 1)


# -- placement ------------------------------------------------------------------------------------


async def test_unsatisfiable_requirements_are_named(here: Site) -> None:
    await here.agent(host_requirements={"required_region": "mars", "min_memory_mb": 64})
    needs = {"gpu_required": True, "min_cpu_cores": 90_000, "min_memory_mb": 99_000_000}
    with pytest.raises(InvalidRequest) as refused:
        await here.call("instance.create", agent_id="Worker", host_requirements=needs)
    told = {each["field"].removeprefix("host_requirements."): each["message"] for each in refused.value.errors}
    assert set(told) >= {"required_region", "gpu_required", "min_cpu_cores", "min_memory_mb"}
    assert told["min_memory_mb"].endswith("99000000 needed")
    with pytest.raises(InvalidRequest) as other:
        await here.call("instance.create", agent_id="Worker", host_requirements={"engine": "kubernetes"})
    assert any("does not run this agent" in each["message"] for each in other.value.errors)


async def _create_instances(here: Site, count: int) -> None:
    for _ in range(count):
        await here.create()


async def test_reserved_resources_are_not_available_to_others(here: Site) -> None:
    (host,) = (await here.call("host.list")).hosts
    need, total = host.resources.memory_free_mb * 2 // 3, host.resources.memory_mb
    await here.agent(host_requirements={"min_memory_mb": need})
    made = await here.create()
    kept = await here.call("host.get", host="here")
    assert kept.instances == 1
    assert kept.resources.memory_free_mb <= total - need
    with pytest.raises(Conflict, match="No host can take it now"):
        await _create_instances(here, total // need)  # together with the first, more than the host has
    await here.call("instance.terminate", instance_id=made.instance_id)
    await here.create()


async def test_gpu_is_not_shared(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agora.runtimes.process.host._count_gpus", lambda: 1)
    await here.instances.store_heartbeat("default")
    await here.agent(host_requirements={"gpu_required": True})
    made = await here.create()
    resources = (await here.call("host.get", host="here")).resources
    assert (resources.gpus, resources.gpus_free) == (1, 0)
    with pytest.raises(Conflict, match="0 of 1 GPUs are free") as refused:
        await here.call("instance.create", agent_id="Worker")
    assert [each["field"] for each in refused.value.errors] == ["host_requirements.gpu_required"]
    await here.agent("Plain")
    await here.create("Plain")
    await here.call("tenant.create", tenant_id="other", name="Other")
    theirs = Caller("other", "operator", "operator", "operator", frozenset({"*"}))
    for tenant in ("default", "other"):
        await here.instances.store_heartbeat(tenant)
    (host,) = (await here.call("host.list", theirs)).hosts
    assert (host.resources.gpus, host.resources.gpus_free) == (1, 0), "it is not free for another marketplace either"
    await here.call("instance.terminate", instance_id=made.instance_id, wait=50)
    await here.until(made.instance_id, "stopped")
    await here.create()


@whatever_the_store
async def test_container_requires_a_container_engine(here: Site) -> None:
    manifest = {"name": "Image", "docker_image": "company/agent:1"}
    registered = await here.call("deployment.register", manifest=manifest)
    assert registered.engines == ["docker", "kubernetes"]
    with pytest.raises(InvalidRequest, match="docker or kubernetes is not available there"):
        await here.call("instance.create", agent_id="Image")


async def test_hosts_are_cordoned_uncordoned_and_lost(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "PAGE_SIZE", 1)
    await here.agent()
    made = await here.create()
    await here.call("host.update", host="here", closed=True, region="eu-1")
    with pytest.raises(Conflict, match="closed by an operator"):
        await here.call("instance.create", agent_id="Worker")
    with pytest.raises(Conflict, match="1 instances are on here"):
        await here.call("host.remove", host="here")
    found = await here.call("host.update", host="here", closed=False)
    assert (found.status, found.region, found.engines) == ("ready", "eu-1", ["process"])
    await here.agent("Regional", host_requirements={"required_region": "eu-1"})
    await here.create("Regional")
    await here.market.agent("Host")
    with pytest.raises(NameTaken):
        await here.call("host.register", name="here", agent_id="Host")
    with pytest.raises(PermissionDenied):
        await here.call("host.list", here.customer("acme"))
    lost = await here.call("host.remove", host="here", lost=True)
    assert lost.instances_lost == 2
    gone = await here.get(made.instance_id)
    assert (gone.status, gone.reason) == ("stopped", "Its host here was lost.")
    await here.upkeep()
    assert (await here.call("host.get", host="here")).status == "ready"


@whatever_the_store
async def test_silent_host_gets_no_new_instances(here: Site) -> None:
    await here.agent()
    here.clock.advance(600)
    with pytest.raises(Conflict, match="has not been heard of"):
        await here.call("instance.create", agent_id="Worker")
    assert (await here.call("host.get", host="here")).status == "silent"


async def test_co_location_returns_host_and_group(here: Site) -> None:
    await here.agent("First")
    await here.agent("Second", host_requirements={"co_location_required": True, "co_location_with": ["First"]})
    acme = here.customer("acme")
    with pytest.raises(Conflict, match="which has no instance in this account"):
        await here.call("instance.create", acme, agent_id="Second")
    first = await here.create("First", acme)
    second = await here.create("Second", acme)
    assert second.co_located_with == first.instance_id
    with pytest.raises(Conflict):
        await here.call("instance.create", here.customer("other"), agent_id="Second")
    rows = await here.rows("select group_name from instances where tenant_id = :tenant and group_name is not null")
    assert [row["group_name"] for row in rows] == [first.instance_id]


async def test_discovery_describes_agents_with_instances(here: Site) -> None:
    await here.agent(
        "Worker", category="utility", max_instances=10, version="1.2", pricing={"type": "per_request", "price": 0.01}
    )
    await here.market.agent("Elsewhere", category="utility")
    acme = here.customer("acme")
    made = await here.create(caller=acme)
    await here.execute(made.instance_id, "/process", caller=acme)
    page = await here.call("instance.discover", acme, category="utility", limit=5)
    known = {agent.name: agent for agent in page.agents}
    worker = known["Worker"]
    assert (worker.id, worker.version, worker.category) == (made.agent_id, "1.2", "utility")
    info = worker.marketplace_info
    assert info.availability.model_dump() == {
        "available": True, "max_instances": 10, "current_instances": 1, "reason": None
    }  # fmt: skip
    assert (info.pricing_info.type, info.pricing_info.price, info.pricing_info.currency) == ("per_request", 0.01, "USD")
    assert (info.customer_instances, info.total_instances) == (1, 1)
    assert info.performance_metrics.success_rate == 1.0
    assert info.performance_metrics.average_response_time > 0
    assert not known["Elsewhere"].marketplace_info.availability.available
    narrowed = await here.call("instance.discover", acme, available=True)
    assert [agent.name for agent in narrowed.agents] == ["Worker"]
    assert [agent.name for agent in (await here.call("instance.discover", acme, name="else")).agents] == ["Elsewhere"]


async def test_dashboard_shows_only_the_customers_instances(here: Site) -> None:
    await here.agent(pricing={"type": "per_request", "price": 0.5})
    acme = here.customer("acme")
    one, two = await here.create(caller=acme), await here.create(caller=acme)
    await here.create(caller=here.customer("other"))
    await here.execute(one.instance_id, "/process", caller=acme)
    await here.call("instance.pause", acme, instance_id=two.instance_id)
    found = await here.call("instance.dashboard", acme)
    summary = found.summary
    assert (summary.total_instances, summary.running_instances, summary.paused_instances) == (2, 1, 1)
    assert (summary.total_cost, found.billing.current_month_cost, found.billing.currency) == (0.5, 0.5, "USD")
    assert found.customer_id == "acme"
    assert {each.instance_id for each in found.recent_instances} == {one.instance_id, two.instance_id}
    assert (await here.call("instance.dashboard")).summary.total_instances == 3
    assert (await here.call("instance.dashboard", acme, account="other")).summary.total_instances == 0
