"""Runtime engines: a port, and the engines that implement it.

An engine builds, starts, observes, pauses and stops programs on this host. It depends neither on the contract nor on the
store nor on services: it receives a :class:`~agora.runtimes.spec.Spec` and returns observations. Which instances should
exist, and what they cost, is decided by ``domains/instances``.
"""
