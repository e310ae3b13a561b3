"""Upstreams: MCP servers elsewhere, what they offer, and calls of it.

``service`` is the contract's, and so is ``registry``; ``adding`` takes upstreams in and out; ``taking`` compares what
an upstream offers now with what was accepted; ``declared`` are those of the settings; ``server_json`` reads entries of
the MCP registry; ``view`` is what rows look like.
"""
