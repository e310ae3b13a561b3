"""Instances: register an agent that the server runs, create an instance, execute requests, pause and terminate it, and print the cost.

The server must be allowed to run programs of this directory:

    AGORA_INSTANCE_SOURCES=$PWD/examples agora serve
    python examples/instances.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from agora_sdk import AgoraClient, AgoraError
from agora_sdk.types import InstanceConfig

MANIFEST: dict[str, Any] = {
    "name": "WordCounter",
    "category": "text",
    "version": "1.0.0",
    "capabilities": ["word-count"],
    "directory": str(Path(__file__).parent.resolve() / "word_counter"),
    "build_config": {"type": "python", "start_command": "python main.py"},
    "health": "/",
    "configurable": ["LANGUAGE"],
    "pricing": {"type": "hybrid", "base_price": 0.10, "price": 0.60, "task_price": 0.01},
}


def main() -> None:
    """Register the agent as its developer, then use an instance of it as a customer."""
    operator = AgoraClient()
    agent = operator.deployment.register(MANIFEST)
    print(f"{agent.name}, revision {agent.revision}, runs with: {', '.join(agent.engines)}")

    key = operator.token.create("a customer", account="acme", expires_in=3600)
    customer = AgoraClient(token=key.token)
    [offer] = customer.instance.discover(name="WordCounter").agents
    price = offer.marketplace_info.pricing_info
    print(f"{offer.name}: {price.base_price} once, {price.price} an hour, {price.task_price} each, in {price.currency}")

    config = InstanceConfig(memory_limit="256M", environment={"LANGUAGE": "de"})
    instance = customer.instance.create(agent.agent_id, config, wait=60).instance_id
    for text in ("to be or not to be", "that is the question"):
        done = customer.instance.execute(instance, "/count", {"text": text})
        print(f"{done.result} for {done.cost} {done.currency}")
    try:
        customer.instance.execute(instance, "/count", {"text": None})
    except AgoraError as error:
        print(f"{error.code}: {error.detail} {error.answer} A failed execution is free.")

    paused = customer.instance.pause(instance, wait=60)
    print(f"{paused.status}: {paused.billing_info.total_cost} {paused.billing_info.currency} so far")
    resumed = customer.instance.resume(instance, wait=60)
    print(f"{resumed.status}; its output: {customer.instance.logs(instance).content.splitlines()[-1]}")

    bill = customer.instance.terminate(instance, wait=60).billing_info
    parts = bill.cost_breakdown
    print(f"base {parts.base_cost}, {bill.task_executions} executions {parts.task_cost}, time {parts.usage_cost:f}")
    customer.close()
    operator.token.revoke(key.token_id)
    operator.close()


if __name__ == "__main__":
    try:
        main()
    except AgoraError as error:
        sys.exit(str(error))
