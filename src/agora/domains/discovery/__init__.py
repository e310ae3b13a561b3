"""Discovery: the catalogue of operations, as a caller may see it."""
