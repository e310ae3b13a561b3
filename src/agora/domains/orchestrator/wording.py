"""Texts of the chat's answers."""

from __future__ import annotations

from collections.abc import Sequence

from agora_sdk.contract.agents import Agent, Registration
from agora_sdk.contract.orchestrator import MarketplaceCount

from .intents import ParsedIntent

__all__ = ["HELP", "describe_agent", "describe_count", "describe_matches", "describe_refusal", "describe_registration"]

HELP = (
    "I did not understand that. Ask me to find agents (Find agents for code generation) or apps (Show me free apps), to "
    "describe one (Tell me more about NAME), to register one (Register a new agent named MyBot. It can do text "
    "analysis.), or how many there are (How many agents can do translation?)."
)
#: operation and command for unsupported requests, by verb
ALTERNATIVES = {
    "delete": "agora.agent.deregister, or on the command line agora agent deregister NAME",
    "update": "agora.agent.update, or on the command line agora agent update NAME",
    "pause": "agora.admin.manage, or on the command line agora admin manage agent NAME suspend",
    "ask": "agora.a2a.send, or on the command line agora chat NAME, to speak with an agent",
    "rate": "agora.agent.rate, or on the command line agora agent rate NAME RATING",
    "deploy": "agora.deployment.register and agora.marketplace.create, as in the page on instances",
}
SYNONYMS = {
    "delete": (
        "remove",
        "deregister",
        "unregister",
        "retire",
        "lösche",
        "entferne",
        "supprime",
        "supprimer",
        "supprimez",
        "elimina",
        "borra",
        "get rid of",
        "throw out",
        "take down",
        "fire",
    ),
    "pause": ("stop", "suspend", "disable", "deactivate", "block", "ban", "turn off", "shut down"),
    "ask": ("tell", "message", "send", "invoke", "run", "execute"),
    "update": ("rename", "change", "edit", "modify", "ändere", "modifie", "modifier", "modifiez", "cambia", "modifica"),
}


def describe_refusal(verb: str) -> str:
    """Describe what the chat cannot do, and the alternative."""
    kind = next((kind for kind, verbs in SYNONYMS.items() if verb in verbs), verb)
    alternative = ALTERNATIVES.get(kind)
    instead = f" Use {alternative}." if alternative else ""
    return f"I can find, describe, count and register agents, but I cannot {verb} anything.{instead}"


def describe_matches(intent: ParsedIntent, names: Sequence[str], total: int) -> str:
    subject = _describe_search(intent, len(names))
    if not names:
        return f"No {subject} found."
    of_all = f" of {total}" if total > len(names) else ""
    return f"Found {len(names)}{of_all} {subject}: {', '.join(names)}."


def _describe_search(intent: ParsedIntent, count: int) -> str:
    """Describe the search in words: "free agents for text analysis in healthcare, rated at least 8"."""
    arguments = intent.arguments
    noun = "app" if intent.tool == "search_apps" else "agent"
    words = [arguments.get("status", ""), "free" if arguments.get("free") else "", noun if count == 1 else f"{noun}s"]
    text = " ".join(filter(None, words))
    for key, before in (("name", "named"), ("query", "for"), ("industry", "in")):
        if key in arguments:
            text += f" {before} {arguments[key]}"
    for key, before in (("max_price", "at most"), ("min_rating", "rated at least")):
        if key in arguments:
            text += f", {before} {arguments[key]:g}"
    order = {"price": ", cheapest first", "rating": ", best rated first"}
    return text + (order.get(arguments.get("sort", ""), "") if count != 1 else "")


def describe_agent(agent: Agent) -> str:
    able = f" It can do {', '.join(agent.capabilities)}." if agent.capabilities else ""
    about = f" {agent.description}" if agent.description else ""
    return f"{agent.agent_name} is {agent.status}.{about}{able}"


def describe_registration(registration: Registration) -> str:
    able = f" It can do {', '.join(registration.capabilities)}." if registration.capabilities else ""
    return f"{registration.agent_name} is registered.{able} Keep its token: it is shown once."


def describe_count(intent: ParsedIntent, count: MarketplaceCount) -> str:
    arguments = intent.arguments
    number = f"at least {count.total}" if count.total_is_estimate else str(count.total)
    noun = {"agents": "agent", "apps": "app", "capabilities": "capability"}[count.of]
    plural = noun if count.total == 1 else count.of
    words = [number, arguments.get("status", ""), "free" if arguments.get("free") else "", plural]
    text = f"There {'is' if count.total == 1 else 'are'} {' '.join(filter(None, words))}"
    if "capability" in arguments:
        return f"{text} for {arguments['capability']}."
    if count.of == "capabilities":
        listed = ", ".join(f"{name} ({agents})" for name, agents in list(count.top_capabilities.items())[:10])
        return f"{text} in the marketplace{f', first {listed}' if listed else ''}."
    if count.of == "agents" and "status" not in arguments and "free" not in arguments:
        by_status = ", ".join(f"{agents} {status}" for status, agents in count.by_status.items() if agents)
        return f"{text} in the marketplace{f' ({by_status})' if by_status else ''}."
    return f"{text} in the marketplace."
