"""Search: finding agents and services, and the marketplace in numbers."""
