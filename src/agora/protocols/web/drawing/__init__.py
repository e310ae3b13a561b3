"""Pictures of what goes on, as SVG: graphs of workflows, bars of time, sequences of messages, trends.

Pure functions from plain values to markup. Nothing of HTTP, of operations or of templates enters; every text is escaped
here, and no style is written inline: colours come from the classes of ``style.css``.
"""

from .gantt import Bar, Chart, gantt
from .graph import Layout, Vertex, arrange
from .sequence import Arrow, sequence
from .state_colors import TONES, tone
from .trend import columns, sparkline
from .workflow import Stage, workflow

__all__ = [
    "TONES",
    "Arrow",
    "Bar",
    "Chart",
    "Layout",
    "Stage",
    "Vertex",
    "arrange",
    "columns",
    "gantt",
    "sequence",
    "sparkline",
    "tone",
    "workflow",
]
