"""The Agora server."""

__version__ = "5.0.0"
