"""Memory: values by key, and a search over their words."""
