"""OAuth client for MCP upstreams (MCP authorization, RFC 9728, 8414, 7591, 7636, 8707, 9207).

``challenge`` parses refusals of an upstream; ``discovery`` finds its authorization server; ``token_requests`` registers
a client there and requests tokens; ``grants`` stores them, and renews each once across servers; ``flow`` is the
authorization by a person, from its URL to its callback. docs/adr/0034 lists the parts of the protocol's SDK that are
used.
"""
