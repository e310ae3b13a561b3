"""Hostile instances: unusual responses of programs, callers that access objects of others, corrupt rows."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Call
from agora.domains.instances import maintenance
from agora.store.port import Write
from agora_sdk.errors import AgoraError, Conflict, InvalidRequest, NotFound, UpstreamFailed
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.instances.instance_programs import Site, site, whatever_the_store
from tests.polling import eventually

RUNS_ON = RunsOn.BOTH_IF_LONG

#: answers with the requested bytes
ECHO = """
import base64, json, os, socket, threading
def answer(client):
    with client:
        data = b""
        while b"\\r\\n\\r\\n" not in data:
            data += client.recv(65536)
        head, _, body = data.partition(b"\\r\\n\\r\\n")
        size = [int(line.split(b":")[1]) for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length")]
        while size and len(body) < size[0]:
            body += client.recv(65536)
        well = b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"
        client.sendall(base64.b64decode(json.loads(body)) if size else well)
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()
"""
ANSWERED: dict[str, tuple[bytes, str]] = {
    "nested": (b"[" * 190 + b"]" * 190, "json"),
    "nested beyond bounds": (b"[" * 5000 + b"]" * 5000, "text"),
    "a number beyond bounds": (b"1" * 10_000, "text"),
    "no number": (b'{"a": NaN}', "text"),
    "half a character": (b'"\\ud800"', "text"),
    "NUL": (b'{"a\\u0000": "\\u0000"}', "json"),
    "bytes": (b"a\x00b", "base64"),
}
BROKEN: dict[str, bytes] = {
    "no HTTP": b"\x00\x01\x02",
    "an endless head": b"HTTP/1.1 200 OK\r\n" + b"X: %s\r\n" % (b"y" * 1000) * 2000,
    "a status of nobody": b"HTTP/1.1 2\x0000 OK\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nxxxxx",
    "a length below nothing": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nxxxxx",
    "less than it says": b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\nConnection: close\r\n\r\nxxxxx",
    "a piece without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nxxxx",
}


@pytest.fixture
async def here(engine: Engine, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, engine, instance_answer_limit=100_000) as found:
        yield found


async def spoil(here: Site, instance_id: str, column: str, value: Any, kind: str = "text") -> None:
    """Write invalid content."""
    statement = Write(
        f"update instances set {column} = :value where tenant_id = :tenant and instance_id = :instance_id",
        types={"value": kind},
    )

    async def work(call: Call) -> None:
        await call.tx.execute(statement, instance_id=instance_id, value=value)

    await here.app.dispatcher.write_as_system("default", work)


# -- programs --------------------------------------------------------------------------------------


async def test_any_response_of_a_program_has_a_defined_result(here: Site) -> None:
    """Also with an idempotency key, on either engine."""
    await here.agent("Echo", ECHO, pricing={"type": "per_request", "price": 1.0})
    made = (await here.create("Echo")).instance_id
    operation = here.app.registry.resolve("agora.instance.execute")
    for name, (body, encoding) in ANSWERED.items():
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
        given = base64.b64encode(f"{head}\r\n\r\n".encode() + body).decode()
        arguments = {"instance_id": made, "endpoint": "/x", "parameters": given}
        first, again = [
            await here.app.dispatcher.invoke(
                operation, here.operator, arguments, idempotency_key=name.replace(" ", "-")
            )
            for _ in range(2)
        ]
        assert first.result.encoding == encoding, name
        assert again.replayed
        assert again.body == first.body, name
    for name, given_bytes in BROKEN.items():
        with pytest.raises(UpstreamFailed) as failed:
            await here.execute(made, "/x", base64.b64encode(given_bytes).decode(), timeout=60)
        assert failed.value.outcome == "unknown", name
    cost = await here.call("billing.cost", instance_id=made)
    assert cost.total_cost == len(ANSWERED) + len(BROKEN), "what may have been done is charged"


async def test_any_output_of_a_build_can_be_stored(here: Site) -> None:
    manifest = here.manifest("Odd")
    manifest["build_config"]["build_command"] = "printf 'a\\000b\\377c'; exit 3"
    await here.call("deployment.register", manifest=manifest)
    made = await here.call("instance.create", agent_id="Odd", wait=50)
    assert made.status == "failed"
    assert "a\ufffdb\ufffdc" in made.reason


# -- unexpected states ----------------------------------------------------------------------------


async def test_instance_that_ends_while_paused_is_not_restarted_unasked(here: Site) -> None:
    await here.agent()
    made = (await here.create()).instance_id
    pid = (await here.execute(made, "/process")).result["pid"]
    await here.call("instance.pause", instance_id=made)
    os.kill(pid, signal.SIGKILL)
    here.clock.advance(31)
    found = await here.until(made, "failed")
    assert (found.desired_status, found.retry_at) == ("paused", None)
    here.clock.advance(600)
    (row,) = await here.rows("select due_at, generation from instances where tenant_id = :tenant")
    assert (row["due_at"], row["generation"]) == (None, 1), "it is not checked repeatedly"
    resumed = await here.call("instance.resume", instance_id=made, wait=50)
    assert (resumed.status, resumed.generation) == ("running", 2)


@whatever_the_store
async def test_corrupt_row_does_not_affect_other_instances(here: Site) -> None:
    await here.agent()
    one, two = await here.create(), await here.create()
    await spoil(here, one.instance_id, "manifest", '{"name": 3}')
    here.clock.advance(31)
    await here.checked()
    for each in (one, two):
        found = await here.get(each.instance_id)
        assert (found.status, found.health_status.healthy) == ("running", True)
        assert found.health_status.last_heartbeat is not None
    assert (await here.call("instance.terminate", instance_id=one.instance_id)).status == "stopped"


@whatever_the_store
async def test_secrets_sealed_with_another_key_are_reported(here: Site) -> None:
    await here.agent(configurable=["MODE"])
    made = (await here.create(instance_config={"environment": {"MODE": "x"}})).instance_id
    await spoil(here, made, "secrets", os.urandom(64), "bytea")
    os.kill((await here.execute(made, "/process")).result["pid"], signal.SIGKILL)
    await here.until(made, lambda found: found.restarts == 0 and found.status == "failed")
    here.clock.advance(5)
    found = await here.until(made, lambda found: found.restarts == 1 and found.status == "failed")
    assert "sealed with another key" in found.reason
    assert found.retry_at is None
    assert (await here.call("instance.terminate", instance_id=made)).status == "stopped"


# -- callers ---------------------------------------------------------------------------------------


async def test_limits_apply_to_concurrent_requests(here: Site) -> None:
    await here.agent(max_instances=3, host_requirements={"min_memory_mb": 1})

    async def one(number: int) -> bool:
        try:
            await here.call("instance.create", here.customer(f"c{number}"), agent_id="Worker", wait=0)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*map(one, range(12)))) == 3


async def test_invisible_agent_cannot_be_run(here: Site) -> None:
    await here.agent("Secret", visibility="private")
    acme, app = here.customer("acme"), await here.market.agent("App")
    for name, more in (
        ("instance.create", {}),
        ("instance.scale", {}),
        ("deployment.get", {}),
        ("deployment.withdraw", {}),
    ):
        with pytest.raises((NotFound, AgoraError), match=r"No agent 'Secret'|scope") as refused:
            await here.call(name, acme, agent_id="Secret", **more)
        assert refused.value.code in ("not_found", "permission_denied")
    message = {"type": "request", "to": "agent.agentify.hosting-orchestrator", "intent": "create_container"}
    sent = await here.call("conversation.send", app, message=message | {"payload": {"agent_id": "Secret"}})
    nobody = await here.call("conversation.send", app, message=message | {"payload": {"agent_id": "Nobody"}})
    assert sent.answer.payload["code"] == nobody.answer.payload["code"] == "NOT_DEPLOYABLE"
    assert (await here.call("instance.list")).count == 0


@whatever_the_store
async def test_shown_manifest_contains_no_data_of_the_server(here: Site) -> None:
    manifest = here.manifest("Worker")
    manifest["build_config"]["env_vars"] = {"A": "hidden"}
    await here.call("deployment.register", manifest=manifest)
    for caller, there in ((here.operator, True), (here.customer("acme"), False)):
        deployable = await here.call("deployment.get", caller, agent_id="Worker")
        assert deployable.agent_name == "Worker"
        shown = deployable.manifest
        assert ("directory" in shown, "env_vars" in shown["build_config"]) == (there, there)


@whatever_the_store
async def test_state_cannot_be_restored_to_another_agent(engine: Engine, tmp_path: Path) -> None:
    async with site(tmp_path, engine, backups_each=1) as here:
        await here.agent()
        await here.agent("Other")
        acme = here.customer("acme")
        made = await here.create(caller=acme)
        kept = await here.call("instance.backup", acme, instance_id=made.instance_id)
        with pytest.raises(InvalidRequest, match="not of Other"):
            await here.call("instance.create", acme, agent_id="Other", restore=kept.backup_id)
        with pytest.raises(Conflict, match="at most 1"):
            await here.call("instance.backup", acme, instance_id=made.instance_id)


@whatever_the_store
async def test_concurrent_backups_keep_the_limit_and_leave_no_files(engine: Engine, tmp_path: Path) -> None:
    async with site(tmp_path, engine, backups_each=2) as here:
        await here.agent()
        acme = here.customer("acme")
        made = await here.create(caller=acme)
        calls = [here.call("instance.backup", acme, instance_id=made.instance_id) for _ in range(8)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        kept = [each.backup_id for each in results if not isinstance(each, BaseException)]
        assert [type(each) for each in results if isinstance(each, BaseException)] == [Conflict] * 6
        assert len(kept) == 2
        files = here.app.settings.data_dir / "backups"
        assert sorted(path.name for path in files.iterdir()) == sorted(f"{each}.tar" for each in kept)


@whatever_the_store
async def test_large_state_is_refused_with_the_setting_that_allows_it(engine: Engine, tmp_path: Path) -> None:
    async with site(tmp_path, engine, backup_size_limit=1024) as here:
        await here.agent()
        acme = here.customer("acme")
        made = await here.create(caller=acme)
        await here.execute(made.instance_id, "/keep", "x" * 2000, caller=acme)
        with pytest.raises(Conflict, match="more than 1024 bytes") as caught:
            await here.call("instance.backup", acme, instance_id=made.instance_id)
        assert "backup_size_limit" in str(caught.value.fix)
        assert list((here.app.settings.data_dir / "backups").iterdir()) == []


@whatever_the_store
async def test_backups_of_a_killed_server_are_deleted(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "PASSES_PER_SWEEP", 1)
    files = here.app.settings.data_dir / "backups"
    files.mkdir()
    for name, age in ((".bak_1.tar.0a", 4000), ("bak_2.tar", 4000), (".bak_3.tar.0b", 0), ("bak_4.tar", 0)):
        (files / name).write_bytes(b"partial")
        os.utime(files / name, (time.time() - age,) * 2)
    await here.upkeep()
    assert sorted(path.name for path in files.iterdir()) == [".bak_3.tar.0b", "bak_4.tar"]


@whatever_the_store
async def test_sizes_are_limited_by_the_manifest(here: Site) -> None:
    await here.agent(limits={"memory": "256M", "cpu": "0.5", "pids": 50})
    acme, greedy = here.customer("acme"), {"memory_limit": "1G", "cpu_limit": 2, "pids_limit": 51}
    with pytest.raises(InvalidRequest) as refused:
        await here.call("instance.create", acme, agent_id="Worker", instance_config=greedy)
    assert {each["field"] for each in refused.value.errors} == {f"instance_config.{name}" for name in greedy}
    found = await here.call("instance.scale", acme, agent_id="Worker", instance_config={"memory_limit": "1G"})
    assert "at most 256M" in found.problem
    await here.create(caller=acme, instance_config={"memory_limit": "128M"})
    with pytest.raises(InvalidRequest, match="larger than 65536 bytes"):
        await here.call("deployment.register", manifest=here.manifest("Big", notes="x" * 70_000))


@whatever_the_store
async def test_requests_by_agent_name_go_to_the_callers_instances(here: Site) -> None:
    await here.agent(pricing={"type": "per_request", "price": 1.0})
    await here.create(caller=here.customer("acme"))
    with pytest.raises(NotFound, match="You have no running instance"):
        await here.execute("Worker", "/process")
    assert (await here.call("billing.cost", account="acme")).total_cost == 0


async def test_hostile_messages_are_refused(here: Site) -> None:
    await here.agent("Calc")
    app, boss = await here.market.agent("App"), here.operator
    await here.market.agent("Boss")
    for who, kind, to, intent, payload in (
        (boss, "deploy", "agent.marketplace.orchestrator", "x", {"agent_id": "Calc", "customer_id": "x" * 10_000}),
        (app, "request", "agent.agentify.hosting-orchestrator", "remove_container", {"container_id": ["x"]}),
        (app, "request", "agent.agentify.hosting-orchestrator", "pause_container", {"container_id": "inst_" + "0" * 32}),
        (app, "scale", "agent.marketplace.orchestrator", "x", {"agent_id": "Calc", "replicas": 10**9}),
        (app, "scale", "agent.marketplace.orchestrator", "x", {"agent_id": "Calc", "min_instances": True}),
        (app, "deploy", "agent.marketplace.orchestrator", "x", {"agent_id": "Calc", "co_location": {"with_agent": 3}}),
        (app, "deploy", "agent.marketplace.orchestrator", "x", {"agent_id": "Calc", "instance_config": {"pids": 1}}),
        (app, "deploy", "agent.marketplace.orchestrator", "x", {"agent_id": {"$": 1}}),
        (app, "deploy", "agent.marketplace.orchestrator", "x", {"agent_id": "Calc", "preferred_host": 7, "host_requirements": {"min_memory_mb": "much"}}),
    ):  # fmt: skip
        message = {"type": kind, "to": to, "intent": intent, "payload": payload}
        if who is boss:
            message["sender"] = "Boss"
        try:
            answer = (await here.call("conversation.send", who, message=message)).answer
        except InvalidRequest:
            continue
        assert answer is not None, payload
        assert answer.type in ("deploy_failure", "refuse", "failure"), (payload, answer)
    assert (await here.call("instance.list")).count == 0


async def test_instance_token_has_limited_rights(here: Site) -> None:
    """With its own token, an instance sends and receives, cannot read messages of others, and starts nothing with a
    cost."""
    await here.agent()
    app = await here.market.agent("App")
    made = await here.create(caller=app)
    token = (await here.execute(made.instance_id, "/env", caller=app, method="GET")).result["AGORA_TOKEN"]
    own = await here.app.authenticator.authenticate(token)
    message = {"type": "inform", "to": "App", "intent": "ready", "payload": {"instance_id": made.instance_id}}
    await here.call("conversation.send", own, message=message)
    (heard,) = (await here.call("conversation.pending", app)).messages
    assert (heard.document()["agora"]["from_agent"], heard.payload) == (own.subject, {"instance_id": made.instance_id})
    back = {"type": "request", "to": own.subject, "intent": "work", "payload": {}}
    await here.call("conversation.send", app, message=back)
    assert [each.intent for each in (await here.call("conversation.pending", own)).messages] == ["work"]
    with pytest.raises(AgoraError) as refused:
        await here.call("conversation.send", own, message=message | {"sender": "Worker"})
    assert refused.value.code in ("permission_denied", "not_found")
    for name, arguments in (
        ("instance.create", {"agent_id": "Worker"}),
        ("instance.execute", {"instance_id": made.instance_id}),
        ("instance.terminate", {"instance_id": made.instance_id}),
        ("agent.register", {"agent_name": "Mine"}),
        ("token.create", {"label": "more"}),
        ("billing.credit", {"account": app.subject, "amount": 1}),
        ("deployment.register", {"manifest": {}}),
    ):
        with pytest.raises(AgoraError) as denied:
            await here.call(name, own, **arguments)
        assert denied.value.code == "permission_denied", name
    await here.call("instance.terminate", app, instance_id=made.instance_id)
    with pytest.raises(AgoraError):
        await here.app.authenticator.authenticate(token)


async def test_find_agent_returns_the_callers_own_instance(here: Site) -> None:
    await here.agent("Calc", capabilities=["calculation"])
    app, other = await here.market.agent("App"), await here.market.agent("Other")
    made = await here.create("Calc", app)
    ask = {"type": "discover", "to": "agent.marketplace.orchestrator", "intent": "find_agent"}
    ask |= {"payload": {"capability": "calculation"}}
    own, foreign = [(await here.call("conversation.send", who, message=ask)).answer.payload for who in (app, other)]
    assert own["address"] == made.address
    assert foreign["address"] != made.address
    assert await eventually(lambda: here.get(made.instance_id, app), lambda found: found.status == "running")


async def test_resources_reserved_by_one_tenant_are_unavailable_to_others(here: Site) -> None:
    """Tenants share a host without seeing each other."""
    (host,) = (await here.call("host.list")).hosts
    foreign = here.customer("default", "*", tenant="other")
    most = host.resources.cpu_cores * 0.75
    for caller in (here.operator, foreign):
        await here.call(
            "deployment.register", caller, manifest=here.manifest("Worker", host_requirements={"min_cpu_cores": most})
        )
        await here.instances.store_heartbeat(caller.tenant)
    await here.create()
    for tenant in ("default", "other"):
        await here.instances.store_heartbeat(tenant)
    with pytest.raises(Conflict, match="cores are free"):
        await here.call("instance.create", foreign, agent_id="Worker")
    assert (await here.call("host.list", foreign)).hosts[0].instances == 0


async def test_resources_of_a_deleted_tenant_are_available_to_others(here: Site) -> None:
    await here.call("tenant.create", tenant_id="other")
    (host,) = (await here.call("host.list")).hosts
    foreign = here.customer("default", "*", tenant="other")
    most = host.resources.cpu_cores * 0.75
    for caller in (here.operator, foreign):
        await here.call(
            "deployment.register", caller, manifest=here.manifest("Worker", host_requirements={"min_cpu_cores": most})
        )
        await here.instances.store_heartbeat(caller.tenant)
    made = await here.create(caller=foreign)
    await here.instances.store_heartbeat("other")
    await here.call("instance.terminate", foreign, instance_id=made.instance_id)
    await here.call("tenant.suspend", tenant_id="other")
    await here.call("tenant.delete", tenant_id="other", confirm="other")
    await here.instances.store_heartbeat("default")
    await here.create()
