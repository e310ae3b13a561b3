"""The bus: streams with consumer groups, in the store or in Redis.

``port`` is the promise. ``streams`` is what a group does to rows of the store, within one transaction; ``embedded``
is the engine made of it, ``redis`` the one that speaks to Redis 6.2 or newer, or Valkey. ``wire`` is an entry as flat
fields, and its signature. ``consul`` registers this server with an agent of Consul. Nothing of services enters.
"""
