"""Running agents: a port, and engines that implement it.

What belongs here: how a program is built, started, watched, paused and ended on this host. Nothing of the contract, the
store or the services may enter: an engine is told what to run by a :class:`~agora.runtime.spec.Spec` and answers what it
sees. Which instances there should be, and what they cost, is decided elsewhere, from rows.
"""
