"""The server: the composition root, and the process.

The only package that knows every other one.
"""
