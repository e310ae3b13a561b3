"""Wire formats: pure conversions between the JSON of protocols and stored messages. No I/O, no state.

Shared by protocols, domains and clients of other systems.
"""
