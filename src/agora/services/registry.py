"""Which class implements which service of the contract."""

from importlib import import_module

IMPLEMENTATIONS = {}
for module, name in (
    ("admin", "AdminService"),
    ("agents", "AgentService"),
    ("discovery", "DiscoveryService"),
    ("events", "EventService"),
    ("messaging", "MessagingService"),
    ("query", "QueryService"),
    ("tokens", "TokenService"),
):
    try:
        service = getattr(import_module("." + module, __package__), name)
    except ImportError:
        continue
    IMPLEMENTATIONS[service.category] = service
