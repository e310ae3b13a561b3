"""Planning of workflows: the graph of the steps, its validation and modification, and expressions.

Pure functions without store, I/O or clock, called by the services. The only imports are the contract, the errors and the
CEL library.
"""
