"""Virtual MCP servers: sets of tools that an operator names."""
