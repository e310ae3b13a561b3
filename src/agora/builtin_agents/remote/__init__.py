"""Agents elsewhere that live here as residents: what they are given is passed on over A2A, what they say is passed back.

:mod:`.wire` is what is said to them and what they say, as bytes; :mod:`.line` the connection to one of them;
:mod:`.cards` reads their cards; :mod:`.errand` takes one task there and back; :mod:`.agent` is the resident;
:mod:`.lines` keeps them all. A caller sees the ids of this marketplace alone: those of the other side stay in the
task's checkpoint. Credentials are opened here and go nowhere but to the agent; a caller's own are not even known.
"""
