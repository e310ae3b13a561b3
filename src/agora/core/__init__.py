"""The core: what every call of every domain passes through.

The dispatcher, the call and its caller, the operation registry, admission, overrides, relays, the event log and its
feed. Knows the port of the store and no domain; nothing here speaks a protocol.
"""
