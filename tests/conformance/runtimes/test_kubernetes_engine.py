"""The kubernetes engine against a stub API that follows the reference and accepts only valid documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agora.runtimes.docker.records import Cursor
from agora.runtimes.errors import EngineUnavailable, InvalidSpec, StartFailed, Unknown, Unsupported
from agora.runtimes.kubernetes import KubernetesRuntime, Options
from agora.runtimes.kubernetes.access import load_access
from agora.runtimes.kubernetes.client import Refused
from agora.runtimes.kubernetes.output import drop_rest_of_second, select_new_lines
from agora.runtimes.port import Handle, Observation
from agora.runtimes.spec import BuildConfig, Directory, Health, Image, Spec
from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.kubernetes_api import Cluster
from tests.harness import free_port

RUNS_ON = RunsOn.NO_STORE

SPEC = Spec(
    "inst_1",
    1,
    "acme",
    BuildConfig("docker"),
    Image("company/agent:1"),
    labels={"agent": "a"},
    health=Health("/health"),
)
BEGUN = {"running": {"startedAt": "2026-01-02T03:04:06Z"}}
OVER = {
    "exitCode": 137,
    "reason": "OOMKilled",
    "startedAt": "2026-01-02T03:04:06Z",
    "finishedAt": "2026-01-02T03:05:00Z",
}


@pytest.fixture
def cluster() -> Any:
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture
async def engine(cluster: Cluster, tmp_path: Path) -> AsyncIterator[KubernetesRuntime]:
    (tmp_path / "config").write_text(cluster.kubeconfig())
    engine = KubernetesRuntime(Options(tmp_path / "root", "server", str(tmp_path / "config")))
    yield engine
    await engine.close()


async def started(engine: KubernetesRuntime, spec: Spec = SPEC) -> Handle:
    return await engine.start(spec, await engine.build(spec))


async def test_instance_is_started_observed_and_removed(engine: KubernetesRuntime, cluster: Cluster) -> None:
    handle = await started(engine)
    assert {key[1] for key in cluster.objects} == {
        *("deployments", "networkpolicies", "persistentvolumeclaims", "pods", "secrets", "services")
    }
    assert cluster.requests.index(f"PATCH /apis/apps/v1/namespaces/agents/deployments/{_name(cluster)}") == max(
        index for index, each in enumerate(cluster.requests) if each.startswith("PATCH")
    ), "the Deployment is the last"
    assert handle.address == f"http://{_name(cluster)}.agents.svc:8080"
    assert await started(engine) == handle, "asking twice starts one"
    assert len(cluster.kind("pods")) == 1
    pending = await engine.probe(handle, SPEC.health)
    assert (pending.healthy, pending.detail) == (False, "it is not ready")
    cluster.say(BEGUN, ready=True)
    seen = await engine.inspect(handle)
    assert (seen.state, seen.started_at) == ("running", 1_767_323_046_000_000)
    assert (await engine.probe(handle, SPEC.health)).healthy

    assert (await engine.pause(handle)).state == "paused"
    assert cluster.kind("deployments")[0]["spec"]["replicas"] == 0
    assert (await engine.pause(handle)).state == "paused"
    assert not (await engine.probe(handle, SPEC.health)).healthy
    assert cluster.kind("persistentvolumeclaims"), "its state is kept"
    assert (await engine.resume(handle)).state == "running"
    assert len(cluster.kind("pods")) == 1

    stopped = await engine.stop(handle, 1)
    assert stopped.exit is not None
    assert (stopped.state, stopped.exit.reason, stopped.exit.at is not None) == ("exited", "stopped", True)
    assert (await engine.stop(handle, 1)).exit == stopped.exit
    assert await started(engine) == handle, "a generation that has ended is not started again"
    assert cluster.kind("pods") == []
    with pytest.raises(Unknown):
        await engine.pause(handle)
    await engine.remove(handle)
    assert cluster.objects == {}
    assert (await engine.inspect(handle)).state == "absent"
    await engine.remove(handle)


async def test_ended_program_is_not_restarted_by_the_cluster(engine: KubernetesRuntime, cluster: Cluster) -> None:
    handle = await started(engine)
    cluster.say({"running": {"startedAt": "2026-01-02T03:05:02Z"}}, last={"terminated": OVER})
    seen = await engine.inspect(handle)
    assert (seen.state, seen.exit and (seen.exit.reason, seen.exit.signal)) == ("exited", ("memory", 9))
    assert seen.exit is not None
    assert seen.exit.at == 1_767_323_100_000_000, "when it ended, not when that was noticed"
    assert cluster.kind("pods") == [], "what Kubernetes had begun is ended"
    assert (await engine.inspect(handle)).exit == seen.exit
    again = await started(engine, replace(SPEC, generation=2))
    assert (again.generation, len(cluster.kind("pods"))) == (2, 1)
    assert (await engine.inspect(again)).state == "running"
    assert (await engine.inspect(handle)).state == "exited"
    with pytest.raises(StartFailed):
        await started(engine)
    await engine.remove(handle)
    assert len(cluster.kind("pods")) == 1, "a later generation lives there"


async def test_reason_of_a_failing_pod_is_reported(engine: KubernetesRuntime, cluster: Cluster) -> None:
    handle = await started(engine)
    cluster.say({"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "company/agent:1"'}})
    assert (await engine.inspect(handle)).state == "running", "it may begin yet"
    verdict = await engine.probe(handle, SPEC.health)
    assert verdict.detail.startswith("ImagePullBackOff: Back-off pulling")
    (pod,) = cluster.kind("pods")
    pod["status"] = {"phase": "Failed", "reason": "Evicted"}
    seen = await engine.inspect(handle)
    assert (seen.state, seen.exit and seen.exit.reason) == ("exited", "lost")


async def test_instances_are_adopted_by_another_server(
    engine: KubernetesRuntime, cluster: Cluster, tmp_path: Path
) -> None:
    handle = await started(engine)
    cluster.say(BEGUN)
    other = KubernetesRuntime(Options(tmp_path / "elsewhere", "server", str(tmp_path / "config")))
    (found,) = await other.list_instances()
    assert (found.handle, found.tenant, dict(found.labels)) == (handle, "acme", {"agent": "a"})
    assert found.observation.state == "running"
    stranger = KubernetesRuntime(Options(tmp_path / "stranger", "another", str(tmp_path / "config")))
    assert await stranger.list_instances() == []
    await stranger.sweep()
    assert (await other.inspect(handle)).state == "running"
    del cluster.objects["agents", "deployments", _name(cluster)]
    await other.sweep()
    assert {key[1] for key in cluster.objects} == {"pods"}, "what nothing refers to is taken away"
    await other.close()
    await stranger.close()


@pytest.mark.parametrize("collection", ["services", "networkpolicies", "deployments"])
async def test_sweep_keeps_resources_of_a_concurrent_start(
    engine: KubernetesRuntime, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, collection: str
) -> None:
    """An interrupted start left everything except the Deployment; it is repeated while the sweep reads the collection."""
    await started(engine)
    resources = set(cluster.objects)
    del cluster.objects["agents", "deployments", _name(cluster)]
    get_object = engine._client.get_object
    starts: list[Handle] = []

    async def start_after(path: str, **query: str) -> Any:
        response = await get_object(path, **query)
        if path.endswith(f"/{collection}") and not starts:
            starts.append(await started(engine))
        return response

    monkeypatch.setattr(engine._client, "get_object", start_after)
    await engine.sweep()
    assert starts
    assert set(cluster.objects) == resources


async def test_output_outlives_its_pod(engine: KubernetesRuntime, cluster: Cluster) -> None:
    handle = await started(engine)
    assert (await engine.logs(handle)).size == 0, "it has not begun"
    (pod,) = cluster.kind("pods")
    name = pod["metadata"]["name"]
    cluster.logs[name] = "2026-01-02T03:04:06.1Z one\n2026-01-02T03:04:06.15Z two\n"
    assert (await engine.logs(handle)).data == b"one\ntwo\n"
    cluster.logs[name] += "2026-01-02T03:04:06.15Z three\n2026-01-02T03:04:07Z four\n"
    page = await engine.logs(handle, 4, 5)
    assert (page.data, page.size) == (b"two\nt", 19)
    cluster.logs[name] += "2026-01-02T03:04:08Z last words\n"
    await engine.stop(handle, 0)
    assert (await engine.logs(handle, 19)).data == b"last words\n"
    with pytest.raises(Unknown):
        await engine.logs(Handle("kubernetes", "nobody", 1))


async def test_two_copies_at_the_same_time_store_the_output_once(
    engine: KubernetesRuntime, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader's copy has read the Pod's output but not stored it yet when the stop copies it, too."""
    handle = await started(engine)
    (pod,) = cluster.kind("pods")
    cluster.logs[pod["metadata"]["name"]] = "2026-01-02T03:04:06.1Z one\n2026-01-02T03:04:06.15Z two\n"
    read, get_object = engine._client.read_bytes, engine._client.get_object
    stop_reads_pods = asyncio.Event()
    stops: list[asyncio.Task[Observation]] = []
    listings: list[str] = []

    async def read_slowly(path: str, **query: str) -> bytes:
        text = await read(path, **query)
        if path.endswith("/log") and not stops:
            stops.append(asyncio.create_task(engine.stop(handle, 0)))
            await stop_reads_pods.wait()
        return text

    async def count_listings(path: str, **query: str) -> Any:
        response = await get_object(path, **query)
        if path.endswith("/pods") and stops:
            listings.append(path)
            if len(listings) == 2:  # the one before the copy
                stop_reads_pods.set()
        return response

    monkeypatch.setattr(engine._client, "read_bytes", read_slowly)
    monkeypatch.setattr(engine._client, "get_object", count_listings)
    await engine.logs(handle)
    await stops[0]
    assert (await engine.logs(handle)).data == b"one\ntwo\n"


async def test_output_with_carriage_returns_continues_at_its_offset(
    engine: KubernetesRuntime, cluster: Cluster
) -> None:
    handle = await started(engine)
    (pod,) = cluster.kind("pods")
    name = pod["metadata"]["name"]
    cluster.logs[name] = "2026-01-02T03:04:06.1Z 10 %\r50 %\rdone\nunable to retrieve container logs\n"
    assert (await engine.logs(handle)).data == b"10 %\r50 %\rdone\n"
    cluster.logs[name] += "2026-01-02T03:04:07Z more\n"
    assert (await engine.logs(handle)).data == b"10 %\r50 %\rdone\nmore\n"


async def test_output_that_is_cut_by_the_limit_is_continued(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(cluster.kubeconfig())
    size = 300
    engine = KubernetesRuntime(Options(tmp_path / "root", "server", str(tmp_path / "config"), log_size=size))
    handle = await started(engine)
    (pod,) = cluster.kind("pods")
    name = pod["metadata"]["name"]
    lines = [f"line {number} {'x' * 50}\n" for number in range(40)]
    lines[7] = f"long {'y' * 2 * size}\n"
    # All in one second, in which each page of the API begins.
    cluster.logs[name] = "".join(f"2026-01-02T03:04:06.{number:03}Z {line}" for number, line in enumerate(lines))
    pages = [await engine.logs(handle) for _ in range(10)]
    assert pages[-1].data.decode() == "".join(lines)
    assert all(pages[-1].data.startswith(page.data) for page in pages)
    await engine.close()


async def test_unsupported_operations_are_refused(engine: KubernetesRuntime, tmp_path: Path) -> None:
    source = replace(SPEC, build_config=BuildConfig("python", "python3 main.py"), source=Directory("/srv"))
    with pytest.raises(Unsupported, match="does not build images"):
        await engine.build(source)
    with pytest.raises(InvalidSpec, match="--privileged"):
        await engine.build(replace(SPEC, build_config=BuildConfig("docker", "docker run --privileged company/agent:1")))
    handle = await started(engine)
    with pytest.raises(Unsupported, match="not copied out"):
        await engine.backup(handle, tmp_path / "backup")
    with pytest.raises(Unsupported):
        await started(engine, replace(SPEC, instance_id="inst_2", restore="/x"))
    condition = await engine.check()
    assert (condition.available, condition.limits["pause"], condition.limits["pids"]) == (True, "none", "none")
    capacity = await engine.capacity()
    assert (capacity.cpus, capacity.memory) == (7.84, 2 * 16_393_244 * 1024)


async def test_refusing_or_unreachable_cluster_is_reported(
    engine: KubernetesRuntime, cluster: Cluster, tmp_path: Path
) -> None:
    handle = await started(engine)
    cluster.refusing = 403
    with pytest.raises(EngineUnavailable, match="does not allow"):
        await engine.inspect(handle)
    assert not (await engine.check()).available
    cluster.refusing = 0
    cluster.say(BEGUN, ready=True)
    for cluster.refusing_changes in (409, 422):
        with pytest.raises(Refused, match="denied by a webhook"):
            await engine.pause(handle)
    (tmp_path / "wrong").write_text(cluster.kubeconfig(token="another"))
    wrong = KubernetesRuntime(Options(tmp_path / "wrong-root", "server", str(tmp_path / "wrong")))
    with pytest.raises(EngineUnavailable):
        await wrong.list_instances()
    await wrong.close()
    (tmp_path / "away").write_text(cluster.kubeconfig().replace(cluster.url, f"http://127.0.0.1:{free_port()}"))
    away = KubernetesRuntime(Options(tmp_path / "away-root", "server", str(tmp_path / "away")))
    with pytest.raises(EngineUnavailable, match="does not answer"):
        await away.inspect(handle)
    await away.close()
    with pytest.raises(EngineUnavailable, match="closed"):
        await away.list_instances()


async def test_node_ports_are_used_by_servers_outside_the_cluster(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(cluster.kubeconfig())
    options = Options(tmp_path, "server", str(tmp_path / "config"), namespace="other", node_address="192.0.2.7")
    engine = KubernetesRuntime(options)
    handle = await started(engine)
    assert (handle.address, dict(handle.ports)) == ("http://192.0.2.7:30080", {"http": 30_080})
    assert {key[0] for key in cluster.objects} == {"other"}
    assert [found.handle for found in await engine.list_instances()] == [handle]
    await engine.close()


def test_kubeconfigs_are_read_and_validated(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(cluster.kubeconfig())
    access = load_access(str(file))
    assert (access.server, access.namespace, access.read_bearer_token()) == (cluster.url, "agents", "a-token")
    (tmp_path / "token").write_text("from a file\n")
    file.write_text(cluster.kubeconfig(tokenFile="token"))
    assert load_access(str(file)).read_bearer_token() == "from a file"
    (tmp_path / "token").write_text("renewed\n")
    assert load_access(str(file)).read_bearer_token() == "renewed"
    for text, context, word in (
        (cluster.kubeconfig(exec="x"), "", "signs in with exec"),
        (cluster.kubeconfig(), "none", "no context 'none'"),
        ("{", "", "cannot be used"),
        ("[]", "", "cannot be used"),
        ("a: b", "", "cannot be used"),
    ):
        file.write_text(text)
        with pytest.raises(EngineUnavailable, match=word):
            load_access(str(file), context)
    for place in (str(tmp_path / "missing"), "in-cluster"):
        with pytest.raises(EngineUnavailable):
            load_access(place)


def test_log_lines_are_read_once_for_any_timestamp() -> None:
    cursor = Cursor("p")
    text = b"2026-01-02T03:04:06Z a\n2026-01-02T03:04:06.5Z b\n2026-01-02T03:04:06.5Z \n"
    assert b"".join(select_new_lines(cursor, text)) == b"a\nb\n\n"
    more = text + b"2026-01-02T03:04:06.5Z c\n2026-01-02T03:04:06.51Z d"
    assert b"".join(select_new_lines(cursor, more)) == b"c\nd"
    assert b"".join(select_new_lines(cursor, more)) == b""


def test_a_line_without_its_end_is_continued_by_the_next_read() -> None:
    cursor = Cursor("p")
    text = b"2026-01-02T03:04:06Z a\n2026-01-02T03:04:06Z 10 %\r20 %\n2026-01-02T03:04:07.5Z last\n"
    new = [b"".join(select_new_lines(cursor, text[:size])) for size in range(len(text) + 1)]
    assert b"".join(new) == b"a\n10 %\r20 %\nlast\n"
    assert b"".join(select_new_lines(cursor, text)) == b""


def test_a_second_with_more_output_than_a_page_is_skipped_with_a_note() -> None:
    cursor = Cursor("p", "2026-12-31T23:59:59.250000000", 3, part=2)
    assert b"output is lost" in drop_rest_of_second(cursor)
    text = b"2026-12-31T23:59:59.5Z a\n2027-01-01T00:00:00Z b\n"
    assert b"".join(select_new_lines(cursor, text)) == b"b\n"


def test_only_timestamps_become_the_cursor() -> None:
    cursor = Cursor("p")
    text = b"2026-01-02T03:04:06+02:00 a\n2026-99-02T03:04:06Z b\n\nno stamp\n2026-01-0"
    assert b"".join(select_new_lines(cursor, text)) == b"a\n"
    assert cursor.at == "2026-01-02T01:04:06.000000000", "in UTC, as sinceTime is"


def _name(cluster: Cluster) -> str:
    return str(cluster.kind("secrets")[0]["metadata"]["name"])
