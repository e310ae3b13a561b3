"""Dead letters: deliveries that were abandoned, of any source, as rows of one table.

:mod:`.letters` records them, :mod:`.service` implements the contract. What a letter says, and how it is delivered after
all, only its source knows: :mod:`.port` is what a source implements. The composition root names the sources.
"""
