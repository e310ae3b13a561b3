"""Events: from the log to whoever listens.

In this room: what items look like on a wire (:mod:`.frames`), one tenant's live events
(:mod:`.channel`), one listener (:mod:`.stream`) and its two kinds, to the events (:mod:`.event_stream`)
and to a log of its own (:mod:`.following`), where a listener's items go (:mod:`.sink`), the feed of them
all (:mod:`.feed`), and how far durable subscriptions got (:mod:`.positions`). What may not enter: a protocol's framing of requests,
rules of the marketplace, SQL.
"""
