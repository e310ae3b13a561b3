"""The coding worker: takes jobs from a server, and has a coding agent do them in a checkout of this machine.

It is a client like any other: it uses the public SDK over the network and nothing of the server. A job is a task; its
lease, checkpoint, log and output are the task's. ``service.py`` is the worker, ``job.py`` one job from its claim to its
result; ``driver.py`` speaks the Agent Client Protocol with the agent, ``worktree.py`` gives each job a place of its own.
"""
