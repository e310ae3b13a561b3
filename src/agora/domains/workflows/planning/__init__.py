"""Planning of workflows: what a workflow's steps mean, what may be done with them, and what their expressions say.

Pure: no store, no I/O, no clock; the services drive it. Only the contract, the errors and the CEL library enter.
"""
