"""Discovery of models with a login. An agent may list others, such as free models without an account."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from .opencode_sessions import parse_object_or_empty
from .subprocesses import run_command

__all__ = ["discover_models", "filter_models_by_provider", "list_providers"]

logger = logging.getLogger("agora.worker")

MAX_MODELS = 100
MAX_NAME_CHARACTERS = 200
LIST_SECONDS = 60.0
AUTH_FILE = ".local/share/opencode/auth.json"
CONFIGURATION_FILES = (".config/opencode/opencode.json", ".config/opencode/config.json")
#: providers of OpenCode, by the variable of the environment that logs in to them
PROVIDER_BY_VARIABLE: Mapping[str, str] = {
    "ANTHROPIC_API_KEY": "anthropic",
    "OPENAI_API_KEY": "openai",
    "GOOGLE_GENERATIVE_AI_API_KEY": "google",
    "GEMINI_API_KEY": "google",
    "OPENROUTER_API_KEY": "openrouter",
    "GROQ_API_KEY": "groq",
    "MISTRAL_API_KEY": "mistral",
    "XAI_API_KEY": "xai",
    "DEEPSEEK_API_KEY": "deepseek",
}


async def discover_models(agent: str, environment: Mapping[str, str], home: Path) -> list[str]:
    """List the models that jobs may require, as reported by OpenCode; empty for other agents."""
    if agent != "opencode":
        return []
    providers = await asyncio.to_thread(list_providers, environment, home)
    try:
        result = await run_command(["opencode", "models"], home, timeout=LIST_SECONDS, environment=environment)
    except OSError as error:
        logger.warning("The models of OpenCode are not known: %s", error)
        return []
    if result.exit_code:
        logger.warning("The models of OpenCode are not known: %s", result.output[-500:])
        return []
    return filter_models_by_provider(result.output, providers)


def list_providers(environment: Mapping[str, str], home: Path) -> set[str]:
    """List the providers that OpenCode is logged in to: by ``auth.json``, a key in the environment, or its
    configuration."""
    providers = {provider for variable, provider in PROVIDER_BY_VARIABLE.items() if environment.get(variable)}
    data = environment.get("XDG_DATA_HOME")
    providers |= set(_read_object_or_empty(Path(data) / "opencode/auth.json" if data else home / AUTH_FILE))
    documents = [_read_object_or_empty(home / name) for name in CONFIGURATION_FILES]
    documents.append(parse_object_or_empty(environment.get("OPENCODE_CONFIG_CONTENT", "")))
    for document in documents:
        configured = document.get("provider")
        providers |= set(configured) if isinstance(configured, dict) else set()
    return providers


def filter_models_by_provider(listing: str, providers: set[str]) -> list[str]:
    """Filter a listing, one ``provider/model`` per line, by provider."""
    names = [line.strip() for line in listing.splitlines()]
    available = [name for name in names if "/" in name and name.partition("/")[0] in providers]
    return [name for name in dict.fromkeys(available) if len(name) <= MAX_NAME_CHARACTERS][:MAX_MODELS]


def _read_object_or_empty(path: Path) -> dict[str, object]:
    try:
        return parse_object_or_empty(path.read_text())
    except OSError:
        return {}
