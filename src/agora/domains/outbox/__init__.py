"""The outbox: pending HTTP requests to external receivers, as rows written in the transaction that requires them.

A source (:mod:`.port`) converts a row to a request and handles the response; :mod:`.jobs` delivers, with leases,
backoff and dead letters; :mod:`.http_sender` posts, within the egress policy. A2A push notifications use the same
sender, but their rows are push configurations, each with a position in its task's log.
"""
