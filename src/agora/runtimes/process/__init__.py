"""The engine that needs nothing: instances are processes of this host.

Room plan: ``guard`` is the small process beside each instance, which outlives the server; ``records`` what is on disk of
an instance; ``launch`` starts guards; ``watch`` reads /proc; ``builder`` makes programs; ``engine`` is the port.
What an instance may do is what the user that it runs as may do: it is no wall against hostile code.
"""

from .engine import ProcessRuntime
from .options import Options

__all__ = ["Options", "ProcessRuntime"]
