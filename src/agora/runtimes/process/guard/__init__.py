"""The guard: a supervisor process for each instance, which outlives the server.

It starts the program, stores its output in bounded files, enforces limits that the kernel does not, ends the program
with all descendants, and records its exit. There is one guard per instance, so its imports are minimized: only built-in
modules, no ``typing``, no ``dataclasses``, no ``signal`` (enum). Run as::

    python -I -S -c "import sys; sys.path.append(sys.argv.pop(1)); import guard.main" DIRECTORY name=value... COMMAND

The engine reads its files, and uses ``procfs`` and ``segments``, too.
"""
