"""Ports of instances: this server as a host."""

from __future__ import annotations

from agora.core.ports import Port
from agora.runtimes.local_host import LocalHost

__all__ = ["LOCAL_HOST"]

#: engines of this server, if it runs instances
LOCAL_HOST: Port[LocalHost] = Port("engines to run instances")
