"""What the demo lets run as instances: a program that knows nothing of the marketplace. Its directory is registered."""
