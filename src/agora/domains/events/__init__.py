"""Events: publish, list, subscribe, stream."""
