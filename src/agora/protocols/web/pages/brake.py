"""The bar on every page while the whole marketplace is halted or paused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import BRAKE, fragment
from ..view import View

__all__ = ["brake"]


@fragment(BRAKE, on=("agora.override.*",))
async def brake(view: View) -> Mapping[str, Any]:
    """Its values are the view's own."""
    return {}
