"""The process engine: instances are processes of this host.

``guard`` is a supervisor process for each instance, which outlives the server; ``records`` are the files of an
instance; ``launch`` starts guards; ``observation`` reads /proc; ``builder`` builds programs; ``engine`` implements the
port. An instance has the rights of its user: this engine is not a sandbox for hostile code.
"""

from .engine import ProcessRuntime
from .options import Options

__all__ = ["Options", "ProcessRuntime"]
