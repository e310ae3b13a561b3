"""Benchmarks: each prints CPU time per operation, or a ratio to an anchor measured in the same run.

``make bench`` runs them all. On a shared machine, ratios and CPU time are meaningful, absolute times are not.
"""
