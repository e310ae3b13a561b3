"""A2A: the rules behind the Agent2Agent protocol. A task there is a task here.

:mod:`.states` says which state is which, :mod:`.view` what a task looks like, :mod:`.reading` and :mod:`.following` read
it. :mod:`.sending` takes messages in, :mod:`.routing` finds whom they are for, :mod:`.accepting` whether that one takes
them, :mod:`.delivering` brings them to agents that take no tasks. :mod:`.cards`, :mod:`.push` and :mod:`.remotes` keep
what their names say; :mod:`.service` is the contract's face of it all. Nothing of a wire may enter: bindings, versions
and signatures are the protocol's.
"""
