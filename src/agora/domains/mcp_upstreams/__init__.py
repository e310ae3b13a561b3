"""MCP upstreams: remote MCP servers, their tools, resources and prompts, and calls of them.

``service`` and ``registry`` implement the contract; ``registration`` adds and removes upstreams; ``offer_review``
compares a listing with the accepted definitions; ``declared`` reads upstreams from the settings; ``server_json`` reads
entries of the MCP registry; ``views`` renders rows.
"""
