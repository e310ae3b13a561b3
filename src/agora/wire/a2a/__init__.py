"""A2A documents in JSON: versions 1.0 and 0.3, and common deviations from them.

Pure functions between formats. The internal format is A2A 1.0 as ProtoJSON, in plain mappings; :mod:`.tolerant_input`
reads every other format into it, and :mod:`.v03`, :mod:`.v03_proto` and :mod:`.v03_cards` write 0.3. No I/O.
"""
