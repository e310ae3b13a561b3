"""The coding worker: claims jobs from a server and runs a coding agent on them in a local checkout.

It is an ordinary client: it uses the public SDK over the network and imports nothing of the server. A job is a task;
its lease, checkpoint, log and output are the task's. ``service.py`` is the worker, ``job.py`` one job from its claim to
its result; ``driver.py`` speaks the Agent Client Protocol with the agent, ``worktree.py`` gives each job its own
worktree.
"""
