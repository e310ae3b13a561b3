"""Event delivery: from the committed log to the subscribers of this server.

:mod:`.frames` encodes items for the wire, :mod:`.channel` holds the recent events of one tenant, :mod:`.stream` is one
subscription with its two kinds, events and the entries of one log, :mod:`.sink` is the send buffer of a connection,
:mod:`.feed` owns all subscriptions, and :mod:`.positions` stores the positions of durable subscriptions. This package
knows no protocol's framing of requests, no domain rule and no SQL of other tables.
"""
