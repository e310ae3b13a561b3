"""Discovery: the operation registry, filtered by the caller's rights."""
