"""Stream engines: streams with consumer groups, in the store or in Redis.

:mod:`.port` defines the protocol. :mod:`.groups` implements group operations on rows within one transaction,
:mod:`.embedded` is the engine based on it, :mod:`.redis` the one for Redis 6.2 or newer and Valkey. :mod:`.wire` converts
entries to flat fields and signs them. The engines do not depend on services.
"""
