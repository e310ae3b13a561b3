"""An agent that uses only Redis Streams: it completes assigned tasks and answers requests until it is stopped.

Requires ``pip install redis``. Usage: python examples/redis_agent.py [NAME]

AGORA_TOKEN is the token that the registration of the agent returned; REDIS_URL is the address of the Redis server.
"""

import hmac
import json
import os
import sys
import uuid
from datetime import UTC, datetime

import redis

NAME = sys.argv[1] if len(sys.argv) > 1 else "RedisAgent"
TOKEN = os.environ["AGORA_TOKEN"]
STREAM = "xnai:agent_bus"  # shared stream: all agents publish to it
MINE = f"{STREAM}:{NAME}"  # stream of this agent, read in a consumer group of its name
CONSUMER = f"mcp-{uuid.uuid4().hex[:8]}"

bus = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"), decode_responses=True)


def publish(kind, target, content, priority="medium", correlation_id=""):
    fields = {
        "message_id": str(uuid.uuid4()),
        "timestamp": datetime.now(UTC).isoformat(),
        "sender": NAME,
        "target": target,
        "type": kind,
        "priority": priority,
        "content": json.dumps(content),
        "correlation_id": correlation_id,
    }
    text = "\0".join(f"{name}={fields[name]}" for name in sorted(fields))
    fields["signature"] = hmac.new(TOKEN.encode(), text.encode(), "sha256").hexdigest()
    bus.xadd(STREAM, fields)


def is_genuine(entry):
    """Whether the marketplace signed the entry: only it and this agent know the token."""
    text = "\0".join(f"{name}={entry[name]}" for name in sorted(entry) if name != "signature")
    expected = hmac.new(TOKEN.encode(), text.encode(), "sha256").hexdigest()
    return hmac.compare_digest(entry.get("signature", ""), expected)


def handle(entry):
    content = json.loads(entry["content"])
    if entry["type"] == "task_assignment":  # the agent has claimed the task
        done = {name: content[name] for name in ("task_id", "fencing_token")}
        publish("task_completion", entry["sender"], done | {"result": {"done_by": NAME}})
    elif entry["type"] == "assistance_request":
        exchange = entry.get("correlation_id") or entry["message_id"]
        publish("state_update", entry["sender"], {"text": f"{NAME} is available"}, correlation_id=exchange)
    print(entry["type"], "from", entry["sender"], flush=True)


def entries():
    """Yield new entries, and those that another consumer received but did not acknowledge."""
    for _, fresh in bus.xreadgroup(NAME, CONSUMER, {MINE: ">"}, count=10, block=1000):
        yield from fresh
    yield from bus.xautoclaim(MINE, NAME, CONSUMER, 30_000, "0")[1]


publish("state_update", "broadcast", {"status": "active"})  # the first entry announces the agent
while not bus.exists(MINE):
    bus.xread({STREAM: "$"}, block=200)
seen = set()
while True:
    for entry_id, entry in entries():
        if is_genuine(entry) and entry["message_id"] not in seen:  # delivery is at least once
            seen.add(entry["message_id"])
            handle(entry)
        bus.xack(MINE, NAME, entry_id)
