"""The kubernetes engine: each instance is a Deployment of one Pod, with its Service, Secret and state volume.

Manifests are pure functions of a specification; they are applied by plain HTTP requests to the API (see
``docs/adr/0018``), so that no dependencies beyond the default installation are needed.
"""

from .engine import KubernetesRuntime
from .options import Options

__all__ = ["KubernetesRuntime", "Options"]
