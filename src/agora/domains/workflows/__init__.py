"""Workflows: steps with dependencies, run as tasks.

:mod:`.run` loads and locks a workflow, advances it and writes it back in one transaction; :mod:`.launch` starts a
step, :mod:`.progress` handles the end of a step's task, :mod:`.creation` and :mod:`.modification` are commands of users,
:mod:`.lookup` the queries; :mod:`.service` implements the contract.
"""
