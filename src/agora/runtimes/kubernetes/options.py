"""Options of the kubernetes engine."""

from __future__ import annotations

from pathlib import Path

from agora.value_classes import value_class

__all__ = ["Options"]


@value_class
class Options:
    """root: directory of the engine's own files: copies of logs. installation: id of the server.

    config: ``in-cluster`` for the service account of the Pod that the server runs in, else a kubeconfig. context: of
    the kubeconfig; empty: its current one. namespace: empty: that of the context or the Pod. node_address: address of
    node ports; empty: the server is in the cluster, and uses the Services' names. storage: size of the volume with an
    instance's state, such as ``1Gi``; empty: the state is lost with the Pod. storage_class: empty: the cluster's
    default. read_only: whether root file systems are read-only. log_size: bytes of output kept per instance. scratch:
    size of ``/tmp`` in bytes. grace: seconds for a Pod to end when Kubernetes terminates it.
    """

    root: Path
    installation: str
    config: str = "in-cluster"
    context: str = ""
    namespace: str = ""
    node_address: str = ""
    storage: str = "1Gi"
    storage_class: str = ""
    read_only: bool = True
    log_size: int = 10 * 1024**2
    scratch: int = 64 * 1024**2
    grace: int = 10
