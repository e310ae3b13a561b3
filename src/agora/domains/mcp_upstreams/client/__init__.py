"""Client of upstream MCP servers: a persistent connection to each, its listing, and requests.

Services and controllers use the interface in ``port``; ``pool`` implements it. The protocol's SDK is imported on the
first use of an upstream. This package does not depend on services, the store or this server's HTTP.
"""
