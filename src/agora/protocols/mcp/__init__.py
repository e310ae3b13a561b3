"""MCP: the marketplace as tools, resources and prompts, in both of the protocol's eras.

``endpoint`` takes requests, ``lean`` answers the quick ones, ``sdk`` hands the rest to the official SDK,
which is imported when it is first needed. Both get their answers from ``core``; nothing else in here
knows which of them asked.
"""
