"""Events: publishing, reading the log, subscriptions and their positions."""
