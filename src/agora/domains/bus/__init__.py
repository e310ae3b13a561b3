"""The bus: agents read and publish entries on streams with consumer groups, embedded or bridged to Redis.

:mod:`.service` implements the contract. :mod:`.publication` stores entries as messages or tasks, :mod:`.effects` applies
them to tasks, :mod:`.agent_streams` fills an agent's stream from its inbox and tasks, :mod:`.views` builds entries,
:mod:`.responses` tracks response deadlines, :mod:`.health` reports status. :mod:`.bridge` and the modules
``bridge_*`` connect Redis; :mod:`.engines` holds the stream engines.
"""
