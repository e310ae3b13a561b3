"""The bus of the contract.

``service`` is the contract's. ``publishing`` makes messages and tasks of entries, ``effects`` is what an entry does to
the task it speaks of; ``streams`` feeds an agent's stream from its inbox and its tasks; ``view`` shows what is on it;
``responses`` watches whether entries are answered in time; ``status`` is how it all fares.
"""
