"""The bar on every page while the whole marketplace is halted or paused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import HALT_FRAGMENT, register_fragment
from ..view import View

__all__ = ["load_halt_fragment"]


@register_fragment(HALT_FRAGMENT, on=("agora.override.*",))
async def load_halt_fragment(view: View) -> Mapping[str, Any]:
    """Return no values: the template uses those of the view."""
    return {}
