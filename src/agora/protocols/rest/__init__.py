"""REST: every operation at its routes, derived from the contract.

:mod:`.routes` finds the operation of a path, :mod:`.app` calls it, :mod:`.openapi` and :mod:`.fixed_pages` describe it.
"""
