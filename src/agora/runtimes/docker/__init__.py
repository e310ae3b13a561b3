"""The docker engine: instances as containers of a Docker Engine (API 1.41, version 20.10, or newer).

The permissions of a container are decided in ``containers``; the other modules implement the port with the engine's
API.
The client library is loaded with the first request to an engine.
"""

from .engine import DockerRuntime
from .options import Options

__all__ = ["DockerRuntime", "Options"]
