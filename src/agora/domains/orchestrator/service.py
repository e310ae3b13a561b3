"""The contract's face of the orchestrator: each answer comes from the operation that anyone may call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from agora.core.admission import ADMISSION
from agora.core.call import Bound
from agora.domains.agents.references import require
from agora.domains.agents.service import AgentService
from agora.domains.instances.market import discover
from agora.domains.search.service import QueryService
from agora_sdk.contract import implements
from agora_sdk.contract import orchestrator as contract
from agora_sdk.contract.agents import Agent, Agents
from agora_sdk.contract.faults import wording
from agora_sdk.contract.instances import MarketplaceAgent
from agora_sdk.errors import InvalidRequest, NotFound

from .intents import Wanted, understand

__all__ = ["OrchestratorService"]

SHOWN = 10
REGISTER = "agora.agent.register"
APP = "app"  #: the category of agents that are applications
HELP = (
    "I did not understand that. Ask me to find agents (Find agents for code generation), to describe one (Tell me more "
    "about NAME), to register one (Register a new agent named MyBot. It can do text analysis.), or how many there are."
)


class OrchestratorService(Bound, contract.Orchestrator):
    @implements
    async def chat(self, message: str) -> contract.ChatAnswer:
        wanted = understand(message)
        match wanted.tool:
            case "register_agent":
                return await self._register(wanted)
            case "get_marketplace_stats":
                return await self._numbers()
            case "get_agent":
                return await self._describe(wanted)
            case "search_agents" | "search_apps":
                return await self._search(wanted)
        return contract.ChatAnswer(response=HELP)

    async def _search(self, wanted: Wanted) -> contract.ChatAnswer:
        found = await self._found(wanted)
        what = APP if wanted.tool == "search_apps" else "agent"
        subject = f"{'free ' if wanted.free else ''}{what}s" + (
            f" for {' '.join(wanted.words)}" if wanted.words else ""
        )
        said = f"No {subject} found." if not found else f"Found {len(found)} {subject}: {_listed(found)}."
        return _answer(said, [_market(agent) for agent in found], wanted)

    async def _found(self, wanted: Wanted) -> Sequence[MarketplaceAgent]:
        """Agents of whom all the words are true; failing that, of whom any is, the most fitting first."""
        category = APP if wanted.tool == "search_apps" else None
        found = await self._page(" ".join(wanted.words) or None, category, wanted.free)
        if found or not wanted.words:
            return found
        hits: dict[str, tuple[int, MarketplaceAgent]] = {}
        for word in wanted.words:
            alike = await self._page(word, category, wanted.free)
            for named in {word, word.lower()} if category is None else ():
                alike += await self._page(None, named, wanted.free)
            for agent in {agent.agent_id: agent for agent in alike}.values():
                hits[agent.agent_id] = (hits.get(agent.agent_id, (0, agent))[0] + 1, agent)
        return [agent for _, agent in sorted(hits.values(), key=lambda hit: -hit[0])][:SHOWN]

    async def _page(self, search: str | None, category: str | None, free: bool) -> list[MarketplaceAgent]:
        page = await discover(self.call, search, category, None, [], None, 50 if free else SHOWN, None)
        wanted = [agent for agent in page.agents if not free or agent.marketplace_info.pricing_info.type == "free"]
        return wanted[:SHOWN]

    async def _describe(self, wanted: Wanted) -> contract.ChatAnswer:
        ref = wanted.alias or wanted.name
        agent = await self._named(ref)
        if agent is None:
            return _answer(f"There is no agent {ref!r} here.", [], wanted)
        able = f" It can do {', '.join(agent.capabilities)}." if agent.capabilities else ""
        about = f" {agent.description}" if agent.description else ""
        return _answer(f"{agent.agent_name} is {agent.status}.{about}{able}", [_profile(agent)], wanted)

    async def _named(self, ref: str) -> Agent | None:
        """By id, alias or name, also without a trailing 'agent', else the one agent found by these words."""
        service = AgentService(self.call)
        for each in dict.fromkeys((ref, ref.removesuffix(" Agent").removesuffix(" agent"))):
            try:
                return await service.get(each)
            except NotFound:
                continue
        page = await QueryService(self.call).agents(search=ref[:200], limit=1) if ref else None
        return page.agents[0] if page is not None and page.agents else None

    async def _register(self, wanted: Wanted) -> contract.ChatAnswer:
        self.call.context.ports.get(ADMISSION).permit(REGISTER, self.call.caller)
        if not wanted.name:
            return _answer("What is the agent to be called? Say: Register a new agent named MyBot.", [], wanted)
        made = await AgentService(self.call).register(**_checked(wanted))
        able = f" It can do {', '.join(made.capabilities)}." if made.capabilities else ""
        said = f"{made.agent_name} is registered.{able} Keep its token: it is shown once."
        answer = _answer(said, [_profile(made)], wanted)
        answer.token = made.token
        return answer

    async def reissue(self, result: contract.ChatAnswer) -> contract.ChatAnswer:
        """Show the token again to whoever repeats the registration under its idempotency key."""
        if result.tools_used == ["register_agent"] and result.data:
            row = await require(self.call.tx, str(result.data[0]["id"]))
            if row["status"] != "retired":
                caller, signer = self.call.caller, self.call.context.signer
                result.token = signer.agent_token(caller.tenant, row["agent_id"], row["token_generation"])
        return result

    async def _numbers(self) -> contract.ChatAnswer:
        numbers = await QueryService(self.call).marketplace()
        said = f"There are {numbers.agents_total} agents in the marketplace"
        by_status = ", ".join(f"{count} {status}" for status, count in numbers.agents_by_status.items() if count)
        shown = numbers.model_dump(mode="json", include={"agents_total", "agents_by_status", "top_capabilities"})
        return contract.ChatAnswer(
            response=f"{said}{f' ({by_status})' if by_status else ''}.",
            data=[shown],
            tools_used=["get_marketplace_stats"],
        )


def _checked(wanted: Wanted) -> dict[str, Any]:
    """What was said of a new agent, within the bounds that registering has."""
    said = {"agent_name": wanted.name, "capabilities": wanted.capabilities, "alias": wanted.alias}
    try:
        checked = Agents.operations["register"].input.model_validate(said)
    except ValidationError as error:
        errors = [{"field": "message", "message": f"{fault['loc'][0]}: {wording(fault)}"} for fault in error.errors()]
        raise InvalidRequest(
            f"The agent cannot be registered like that: {errors[0]['message']}",
            fix="Say a shorter name, and capabilities in a word or two each, or use POST /agents/register.",
            errors=errors,
        ) from None
    return {name: getattr(checked, name) for name in said if said[name] is not None}


def _answer(said: str, data: list[dict[str, Any]], wanted: Wanted) -> contract.ChatAnswer:
    return contract.ChatAnswer(response=said, data=data, tools_used=[wanted.tool] if wanted.tool else [])


def _listed(agents: Sequence[Agent]) -> str:
    return ", ".join(agent.agent_name for agent in agents)


def _profile(agent: Agent) -> dict[str, Any]:
    """As the agent protocol names an agent: agent_id is its alias, or its name."""
    named = {"agent_id": agent.alias or agent.agent_name, "id": agent.agent_id, "name": agent.agent_name}
    shown = {"description", "capabilities", "status", "category", "tags", "reputation"}
    return named | agent.model_dump(mode="json", include=shown)


def _market(agent: MarketplaceAgent) -> dict[str, Any]:
    return _profile(agent) | {"pricing": agent.marketplace_info.pricing_info.model_dump(mode="json", exclude_none=True)}
