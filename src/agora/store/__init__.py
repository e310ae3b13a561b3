"""The store: where state lives.

In this room: the port (:mod:`.port`), the statements as readable SQL (:mod:`.statements`), numbered
migrations for each dialect, and the engines (:mod:`.sqlite`, :mod:`.postgres`), which pass one
conformance suite. What may not enter: rules of the marketplace, HTTP, anything that knows an operation.
"""
