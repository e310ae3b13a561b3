"""What A2A looks like, in JSON: versions 1.0 and 0.3, and what people really send.

In this room: pure functions between shapes. The shape of the house is A2A 1.0 as ProtoJSON, in plain mappings;
everything else is read into it (:mod:`.reading`) or written out of it (:mod:`.legacy`, :mod:`.legacy_proto`,
:mod:`.legacy_cards`). No I/O, no store, no HTTP.
"""
