"""The runner of declared agents: a program that the server starts, and that runs their tasks with language models.

It uses the public SDK over the network, as any agent does, and reads its configuration from standard input
(:mod:`.configuration`). ``supervisor.py`` keeps one agent running for each declaration; ``thinking_agent.py`` is such
an agent; ``thinking_run.py`` runs one task step by step, and stores each step in the task's checkpoint, from which
another process can continue. The server decides at each call which tools a model may use, and with which permissions.
"""
