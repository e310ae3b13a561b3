"""Builds: reading sources, running build commands, and caching results.

Shared by the engines; each defines its kind of result (a directory, an image).
"""
