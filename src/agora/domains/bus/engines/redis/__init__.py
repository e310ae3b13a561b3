"""The bus on Redis Streams: Redis 6.2 or newer, or Valkey.

``address`` parses a URL. ``connection`` is a socket on which the commands of all callers are pipelined; ``link``
keeps one open, and queues commands while there is none; ``engine`` implements the port with it. Imported only if a
Redis server is configured, because ``hiredis`` comes with the extra ``agora-server[redis]``.
"""

from .engine import RedisBus

__all__ = ["RedisBus"]
