"""MCP upstreams: remote MCP servers, their tools, resources and prompts, and calls to them.

``service`` and ``registry`` implement the contract; ``registration`` adds and removes upstreams; ``offer_review``
compares a listing with the accepted definitions; ``declared_upstreams`` reads upstreams from the settings;
``server_json`` reads entries of the MCP registry; ``views`` renders rows.
"""
