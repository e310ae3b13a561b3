"""SVG drawings: workflow graphs, timelines, sequence diagrams, trends.

Pure functions from plain values to markup, without HTTP, operations or templates. All text is escaped here, and there
are no inline styles: colours come from the classes of ``style.css``.
"""

from .gantt import Bar, Chart, draw_gantt
from .graph_layout import Layout, Vertex, arrange_graph
from .sequence import Arrow, draw_sequence
from .state_colors import TONES, tone_of_state
from .trend import draw_columns, draw_sparkline
from .workflow import Stage, draw_workflow

__all__ = [
    "TONES",
    "Arrow",
    "Bar",
    "Chart",
    "Layout",
    "Stage",
    "Vertex",
    "arrange_graph",
    "draw_columns",
    "draw_gantt",
    "draw_sequence",
    "draw_sparkline",
    "draw_workflow",
    "tone_of_state",
]
