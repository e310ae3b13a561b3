"""Virtual MCP servers: sets of tools configured by an operator."""
