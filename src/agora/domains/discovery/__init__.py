"""Discovery: the operation registry, filtered by what the caller may see."""
