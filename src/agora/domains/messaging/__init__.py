"""Messaging: sending, receiving and marking messages."""
