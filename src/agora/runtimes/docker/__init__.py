"""The docker engine: instances as containers of a Docker Engine (API 1.41, version 20.10, or newer).

What a container is allowed is decided in ``containers``; everything else is how the port is kept over the engine's API.
The client library is loaded with the first thing asked of an engine.
"""

from .engine import DockerRuntime
from .options import Options

__all__ = ["DockerRuntime", "Options"]
