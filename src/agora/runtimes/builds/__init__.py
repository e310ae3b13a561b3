"""From a source to something an engine can start: reading sources, running build commands, keeping results.

Shared by the engines; each decides for itself what a result is (a directory, an image).
"""
