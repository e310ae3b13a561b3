"""The outbox: HTTP requests to others that have to be made, as rows written in the transaction that wants them.

A source (:mod:`.port`) says what a row becomes on the wire and what its answer means; :mod:`.jobs` delivers, with leases,
backoff and dead letters; :mod:`.http_sender` posts, within the egress policy. The rows of the pushes of A2A are their
configurations, each a position in its task's log; they are sent by the same sender.
"""
