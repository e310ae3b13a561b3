"""The server: the composition root, and what belongs to the process as a whole.

The only package that knows every other one.
"""
