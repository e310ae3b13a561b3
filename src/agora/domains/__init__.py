"""Domains: the rules of the marketplace, one package for each.

In each: ``service.py`` implements the contract, ``queries.py`` is its SQL, ``jobs.py`` what runs by itself, and its rules
are in modules named after what they hold. A domain knows the core, the port of the store, and other domains without
circles; it knows no protocol.
"""
