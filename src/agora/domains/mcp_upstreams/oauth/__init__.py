"""OAuth towards MCP upstreams, as their client (MCP authorization, RFC 9728, 8414, 7591, 7636, 8707, 9207).

``challenge`` reads what an upstream refuses a request with; ``discovery`` finds its authorization server; ``token_requests``
registers a client there and gets tokens; ``grants`` keeps them, and renews each once across servers; ``flow`` is an
authorization by a person, from its URL to its callback. docs/adr/0034 says which parts of the protocol's SDK are used.
"""
