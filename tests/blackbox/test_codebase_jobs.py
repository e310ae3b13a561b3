"""Permissions on a codebase: which workers get its jobs, and who may change its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.blackbox.server import Account, ServerProcess


@dataclass
class Shop:
    """A codebase of the owner's worker, with a session of the requester."""

    owner: Account
    requester: Account
    stranger: Account
    worker: str
    codebase: str


@pytest.fixture(scope="module")
def shop(shared_server: ServerProcess) -> Shop:
    owner, requester = shared_server.register("CodebaseOwner"), shared_server.register("CodebaseRequester")
    stranger = shared_server.register("CodebaseStranger")
    worker = owner.post("/v1/agent/workers/register", {"worker_name": "machine"})["worker_id"]
    place = {"name": "shop", "path": "/src/shop", "worker_id": worker}
    codebase = owner.post("/v1/agent/codebases", place)["codebase_id"]
    body = {"messages": [{"message_id": "m1", "content": "private words"}]}
    owner.post(f"/v1/agent/codebases/{codebase}/sessions/s1/ingest", body)
    return Shop(owner, requester, stranger, worker, codebase)


def declare_by_worker(shop: Shop, capability: str) -> int:
    body = {"worker_name": "thief", "capabilities": [capability]}
    return shop.stranger.http.post("/v1/agent/workers/register", json=body).status_code


def declare_by_update(shop: Shop, capability: str) -> int:
    body = {"capabilities": [capability]}
    return shop.stranger.http.patch(f"/agents/{shop.stranger.agent_id}", json=body).status_code


def declare_by_registration(shop: Shop, capability: str) -> int:
    body = {"agent_name": "CodebaseStranger", "capabilities": [capability]}
    return shop.stranger.http.post("/agora/agent/register", json=body).status_code


def declare_by_another_agent(shop: Shop, capability: str) -> int:
    body = {"agent_name": "CodebaseAccomplice", "capabilities": [capability]}
    return shop.stranger.http.post("/agora/agent/register", json=body).status_code


def declare_by_manifest(shop: Shop, capability: str) -> int:
    body = {"agent_name": "CodebaseManifest", "manifest": {"name": "CodebaseManifest", "capabilities": [capability]}}
    return shop.stranger.http.post("/agora/agent/register", json=body).status_code


def declare_as_in_v4(shop: Shop, capability: str) -> int:
    body = {"args": ["CodebaseStranger", capability, 90, 1]}
    path = "/v4/call/agora-marketplace/register_agent_capability"
    return shop.stranger.http.post(path, json=body).status_code


WAYS = (
    declare_by_worker,
    declare_by_update,
    declare_by_registration,
    declare_by_another_agent,
    declare_by_manifest,
    declare_as_in_v4,
)


@pytest.mark.parametrize("declare", WAYS, ids=lambda declare: declare.__name__)
def test_other_worker_cannot_declare_the_capability_of_a_codebase(
    shop: Shop, declare: Callable[[Shop, str], int]
) -> None:
    """The codebase's id is public. A job for it carries a prompt, and people merge what is built from it."""
    assert declare(shop, f"codebase:{shop.codebase}") == 403
    order = {
        "task_type": "coding.job",
        "payload": {"prompt": "for the shop alone"},
        "required_capabilities": [f"codebase:{shop.codebase}"],
    }
    task = shop.requester.post("/agora/task/assign", order)["task_id"]
    assert shop.stranger.post("/agora/task/claim", {"limit": 10})["tasks"] == []
    claimed = shop.owner.post("/agora/task/claim", {"worker": "machine", "limit": 10})["tasks"]
    assert [each["task_id"] for each in claimed] == [task]


def test_worker_declares_its_own_capability_again(shop: Shop) -> None:
    capability = f"codebase:{shop.codebase}"
    body = {"worker_name": "machine", "capabilities": ["coding", capability, "codebase:shop"]}
    assert shop.owner.post("/v1/agent/workers/register", body)["capabilities"] == body["capabilities"]
    shop.stranger.post("/v1/agent/workers/register", {"worker_name": "namesake", "capabilities": ["codebase:shop"]})


def test_other_callers_cannot_read_or_change_a_codebase(shop: Shop) -> None:
    path = f"/v1/agent/codebases/{shop.codebase}"
    message = {"messages": [{"message_id": "m2", "content": "forged"}]}
    shop.stranger.post(f"{path}/sessions/s1/ingest", message, expect=403)
    shop.stranger.post(f"{path}/sessions/sync", {"sessions": [{"session_id": "s1", "title": "forged"}]}, expect=403)
    shop.stranger.call("DELETE", path, expect=403)
    shop.stranger.get(f"{path}/sessions/s1/messages", expect=404)
    shop.stranger.post(f"{path}/sessions/s1/resume", {"prompt": "go on"}, expect=404)
    shop.stranger.post(f"/v1/agent/workers/{shop.worker}/unregister", expect=404)
    place = {"name": "mine", "path": "/mine", "worker_id": shop.worker}
    shop.stranger.post("/v1/agent/codebases", place, expect=404)
    assert shop.stranger.get(f"{path}/sessions")["sessions"] == []
    (session,) = shop.owner.get(f"{path}/sessions")["sessions"]
    assert (session["session_id"], session["messages"], session["title"]) == ("s1", 1, "")


def test_number_of_codebases_of_a_worker_is_bounded(shared_server: ServerProcess) -> None:
    """Each codebase is a capability, and every claim of the worker checks all of them."""
    owner = shared_server.register("CodebaseCollector")
    worker = owner.post("/v1/agent/workers/register", {"worker_name": "hoard"})["worker_id"]
    places = [{"name": "c", "path": f"/{number}", "worker_id": worker} for number in range(201)]
    for place in places[:200]:
        first = owner.post("/v1/agent/codebases", place)
    assert "200" in owner.post("/v1/agent/codebases", places[200], expect=409)["detail"]
    owner.post("/v1/agent/codebases", places[0])  # re-registering itself is allowed
    owner.call("DELETE", f"/v1/agent/codebases/{first['codebase_id']}")
    owner.post("/v1/agent/codebases", places[200])
