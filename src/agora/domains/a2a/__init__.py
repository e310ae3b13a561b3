"""A2A: the domain rules behind the Agent2Agent protocol. An A2A task is a task of the marketplace.

:mod:`.states` maps task states, :mod:`.views` renders tasks, :mod:`.lookup` and :mod:`.task_updates` read them.
:mod:`.messages` accepts messages, :mod:`.routing` selects the agent, :mod:`.acceptance` checks media types and
extensions, :mod:`.message_delivery` serves agents that take messages instead of tasks. :mod:`.cards`,
:mod:`.push_configs` and :mod:`.remote_agents` store what they are named after; :mod:`.service` implements the contract.
Bindings, wire versions and signatures belong to ``protocols/a2a`` and ``wire/a2a``, not here.
"""
