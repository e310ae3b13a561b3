"""Apps: an orchestrator agent, the capabilities that it uses, optionally a workflow, and bundled agents."""
