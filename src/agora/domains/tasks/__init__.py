"""Tasks: the rules of work.

:mod:`.queues` names what a task waits for, :mod:`.states` says which state may follow which, :mod:`.draft` is a
task being changed, with its log; on these stand :mod:`.giving`, :mod:`.claiming`, :mod:`.working`,
:mod:`.ending` and :mod:`.reading`; :mod:`.service` is the contract's face of them, :mod:`.upkeep` what time brings.
"""
