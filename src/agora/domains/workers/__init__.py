"""Workers: the processes that take an agent's tasks."""
