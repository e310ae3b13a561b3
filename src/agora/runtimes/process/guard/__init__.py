"""The guard: a small process of its own beside each instance, which outlives the server.

It starts the program, keeps its output in bounded files, holds limits the kernel does not, ends the program with
everything that came of it, and writes down how it ended. There is one of it for each instance, so what it imports is
counted: only built-in modules, no ``typing``, no ``dataclasses``, no ``signal`` (enum). Run as::

    python -I -S -c "import sys; sys.path.append(sys.argv.pop(1)); import guard.main" DIRECTORY name=value... COMMAND

The engine reads what it writes, and uses ``procfs`` and ``segments`` itself.
"""
