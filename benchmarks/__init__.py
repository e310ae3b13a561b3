"""Benchmarks: each prints CPU per operation, or a ratio against an anchor that ran beside it.

``make bench`` runs them all. Absolute times say little on a shared machine; ratios and CPU do.
"""
