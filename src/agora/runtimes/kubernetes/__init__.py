"""The kubernetes engine: each instance a Deployment of one Pod, with its Service, its Secret and its state.

Manifests are pure functions of a specification; they are applied through the API with the little HTTP that takes (see
``docs/adr/0018``), so nothing beyond the default install is needed.
"""

from .engine import KubernetesRuntime
from .options import Options

__all__ = ["KubernetesRuntime", "Options"]
