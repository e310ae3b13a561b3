"""Dead letters: abandoned deliveries of all sources, as rows of one table.

:mod:`.letters` records them, :mod:`.service` implements the contract. Only its source can render and replay a letter:
:mod:`.port` is the interface of a source. The composition root registers the sources.
"""
