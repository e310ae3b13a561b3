"""Instances: agents that run for a customer.

Rows are the truth: what is wanted stands beside what is, and the host's controller (:mod:`agora.controllers.instances`)
brings the one to the other. :mod:`.manifests` reads what an agent is made of, :mod:`.deployments` keeps it,
:mod:`.placement` chooses host and engine, :mod:`.creating`, :mod:`.changing`, :mod:`.executing` and :mod:`.scaling` are what
callers do, :mod:`.moving` and :mod:`.measuring` what hosts write, :mod:`.hosting` speaks with hosting agents,
:mod:`.deploying` and :mod:`.reporting` with whoever asks in messages, :mod:`.view` and :mod:`.market` are what is shown.
:mod:`.service` is the contract's face of them.
"""
