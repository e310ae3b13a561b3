"""The bus on Redis Streams: Redis 6.2 or newer, or Valkey.

``address`` reads a URL. ``connection`` is one socket on which the commands of all callers are pipelined; ``link``
keeps one open, and keeps what callers ask while there is none; ``engine`` is the port made of it. Imported only where a
server of Redis is configured: ``hiredis`` comes with the extra ``agora-server[redis]``.
"""

from .engine import RedisBus

__all__ = ["RedisBus"]
