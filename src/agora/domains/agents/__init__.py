"""Agents: registration, profiles, references by name or alias, heartbeats."""
