"""Paths used by clients of OpenAI's API."""

from __future__ import annotations

from typing import Final

from agora.protocols.http import Scope

__all__ = ["CHAT_PATH", "MODELS_PATH", "RESPONSES_PATH", "owns_request"]

MODELS_PATH: Final = "/v1/models"
RESPONSES_PATH: Final = "/v1/responses"
CHAT_PATH: Final = "/v1/chat/completions"


def owns_request(scope: Scope) -> bool:
    """Whether a request belongs to this API."""
    path: str = scope["path"]
    if not path.startswith("/v1/"):
        return False
    return path == CHAT_PATH or any(
        path == root or path.startswith(f"{root}/") for root in (MODELS_PATH, RESPONSES_PATH)
    )
