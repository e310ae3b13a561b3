"""Administration: overrides, health, management of agents and operations, the audit trail, retention."""
