"""Messages and events between agents: six patterns, with the built-in agents and three custom agents.

Usage, with a running server: python examples/agent_to_agent_messaging.py
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from agora_sdk import Agent, Message, Part


def text(content: str) -> Message:
    return Message(parts=[Part(type="text", content=content)])


class CoordinatorAgent(Agent):
    """Requests data from another agent and publishes an event about it."""

    name = "Coordinator"

    async def process_message(self, message: Message) -> Message:
        await self.send_message_to_agent("Data Collector", text("Collect data from sources"))
        await self.publish_event("pipeline.started", {"stages": ["calculation", "analysis"], "coordinator": self.name})
        return text(f"Task coordination initiated for: {self._extract_text_content(message)}")


class DataCollectorAgent(Agent):
    """Collects events of other agents."""

    name = "Data Collector"

    async def initialize(self, message_broker: Any = None) -> None:
        await super().initialize(message_broker)
        self.collected: list[str] = []
        for agent, event_type in (
            ("Calculator Agent", "calculation.complete"),
            ("Analysis Agent", "analysis.complete"),
        ):
            await self.subscribe_to_agent_events(agent, event_type, partial(self.collect, agent))

    async def collect(self, agent: str, event_type: str, data: dict[str, Any]) -> None:
        self.collected.append(f"- {event_type.partition('.')[0]} from {agent}")
        await self.publish_event("data.collected", {"total": len(self.collected)})

    async def process_message(self, message: Message) -> Message:
        return text("\n".join([f"Collected {len(self.collected)} data points:", *self.collected]))


class NotificationAgent(Agent):
    """Prints a notification for each event."""

    name = "Notification Agent"

    async def initialize(self, message_broker: Any = None) -> None:
        await super().initialize(message_broker)
        self.sent: asyncio.Queue[str] = asyncio.Queue()
        self.count = 0
        await self.subscribe_to_agent_events("Coordinator", "pipeline.started", self.notify)
        await self.subscribe_to_agent_events("Data Collector", "data.collected", self.notify)

    async def notify(self, event_type: str, data: dict[str, Any]) -> None:
        self.count += 1
        started = f"Pipeline started by {data.get('coordinator')}"
        await self.sent.put(f"Data collected - {data['total']} total items" if "total" in data else started)

    async def process_message(self, message: Message) -> Message:
        return text(f"Sent {self.count} notifications so far.")

    async def show(self) -> None:
        print(f"📊 NOTIFICATION: {await asyncio.wait_for(self.sent.get(), 15)}")


async def main() -> None:
    print("Starting Agent-to-Agent Messaging Demo")
    async with CoordinatorAgent() as coordinator:
        builtin = await coordinator.client.agent.list(category="builtin")
        print(f"✓ Message broker started\n✓ Standard agent registry initialized: {len(builtin.agents)} agents")
        async with DataCollectorAgent(), NotificationAgent() as notifier:
            print("✓ Custom agents initialized and subscribed to events")
            await demonstrate(coordinator, notifier)


async def demonstrate(coordinator: CoordinatorAgent, notifier: NotificationAgent) -> None:
    print("\nDemo 1: Coordinator sends messages to other agents")
    response = await coordinator.process_message(text("coordinate a calculation and an analysis"))
    print(f"Coordinator response: {response.text}")
    await notifier.show()

    print("\nDemo 2: Calculator publishes an event")
    answer = await coordinator.request("Calculator Agent", text("Calculate 25 * 4"))
    print(f"Calculator published calculation.complete event: {answer.content}")
    await notifier.show()

    print("\nDemo 3: Analysis agent publishes an event")
    await coordinator.request("Analysis Agent", text("Analyze this text: agents work well together"))
    print("Analysis published analysis.complete event")
    await notifier.show()

    print("\nDemo 4: Check collected data")
    print("Data Collector response:")
    print((await coordinator.request("Data Collector", text("What do you have?"))).content)

    print("\nDemo 5: Check notification count")
    answer = await coordinator.request("Notification Agent", text("How many?"))
    print(f"Notification Agent response: {answer.content}")

    print("\nDemo 6: Direct agent-to-agent messaging")
    answer = await coordinator.request("Memory Agent", text("Store 'Important Data' with key 'demo_key'"))
    print(f"Coordinator sent message to Memory Agent\nMemory Agent response: {answer.content}")


if __name__ == "__main__":
    asyncio.run(main())
