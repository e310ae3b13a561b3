"""Identity: who a credential stands for, and what it may.

In this room: minting and verifying credentials, scopes, rate limits. What may not enter: HTTP, rules of
the marketplace.
"""
