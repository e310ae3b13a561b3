"""Declared agents: agents that run on a language model; their declarations, tools, and execution."""
