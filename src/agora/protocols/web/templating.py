"""Templates: rendering by name with values. Values are escaped unless a template marks them as safe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .assets import ASSETS
from .filters import FILTERS

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_template"]

DIRECTORY = Path(__file__).parent / "templates"


@cache
def get_environment() -> Environment:
    """Return the environment, created at first use; Jinja is not imported before."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    jinja_environment = Environment(
        loader=FileSystemLoader(DIRECTORY),
        autoescape=True,
        # A misspelt name fails in the tests instead of leaving a gap on the page.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Templates are files of the package: none changes while the server runs, and each is compiled once.
        auto_reload=False,
        cache_size=-1,
    )
    filters: Mapping[str, Callable[..., Any]] = FILTERS
    jinja_environment.filters.update(filters)
    jinja_environment.globals["static"] = ASSETS.build_url
    return jinja_environment


def render_template(name: str, values: Mapping[str, Any]) -> bytes:
    """Render a template as UTF-8."""
    return get_environment().get_template(name).render(values).encode()
