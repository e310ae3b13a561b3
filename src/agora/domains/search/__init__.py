"""Search: agents, services, and statistics of the marketplace."""
