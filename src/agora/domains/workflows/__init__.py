"""Workflows: the rules of steps.

:mod:`.run` is a workflow being moved on, in one transaction with whatever moved it; :mod:`.launching` begins a
step, :mod:`.progress` is told of what ended, :mod:`.creating` and :mod:`.changing` are what people ask for,
:mod:`.reading` what they look at; :mod:`.service` is the contract's face of them.
"""
