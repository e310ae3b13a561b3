"""Declared agents: agents that think with a language model; what they are, what they may use, and who runs them."""
