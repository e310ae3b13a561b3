"""The runner of declared agents: a program that the server starts, and that has them think with their models.

It uses the public SDK over the network, as any agent does, and learns on its standard input what to run
(:mod:`.configuration`). ``supervisor.py`` keeps one agent running for each declaration; ``thinking_agent.py`` is such an
agent; ``thinking_run.py`` does one task, a step at a time, and stores each step in the task's checkpoint, from which another
process goes on. Which tools a model may use, and with whose rights, the server decides at each call.
"""
