"""REST: every operation at its routes, straight from the contract.

:mod:`.routes` finds the operation, :mod:`.app` calls it, :mod:`.openapi` and :mod:`.docs` describe it.
"""
