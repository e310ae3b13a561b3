"""Apps: an orchestrator agent, the capabilities that it relies on, perhaps a workflow, and agents that it brings along."""
