"""Stream engines: streams with consumer groups, in the store or in Redis.

:mod:`.groups` implements group operations on rows, within the transaction of a call. :mod:`.redis` is the engine for Redis
6.2 or newer and Valkey, with the protocol of :mod:`.port`. :mod:`.wire` converts entries to flat fields and signs them. The
engines do not depend on services.
"""
