"""Services: the rules of the marketplace, one module for each service of the contract.

What may not enter: HTTP, an engine of the store, anything that does I/O besides the store's.
"""
