"""Events: from the log to whoever listens.

In this room: what events look like on a wire (:mod:`.frames`), one tenant's live events
(:mod:`.channel`), one listener (:mod:`.stream`), the feed of them all (:mod:`.feed`), and how far
durable subscriptions got (:mod:`.positions`). What may not enter: a protocol's framing of requests,
rules of the marketplace, SQL.
"""
