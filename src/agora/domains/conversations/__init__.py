"""Conversations: the agent protocol's messages as messages of the marketplace, and which may answer which.

:mod:`.rules` is pure: types, legal answers, states. :mod:`.record` writes down who said what to whom. :mod:`.sending`
takes a message in, :mod:`.reading` shows it. :mod:`.orchestrator` is the marketplace as an agent: it finds others
(:mod:`.discovery`), gives work (:mod:`.work`) and passes on what needs a host (:mod:`.deployment`).
"""
