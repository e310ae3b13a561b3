"""A stub of the Kubernetes API server, as far as the kubernetes engine uses it.

It follows the API reference (https://kubernetes.io/docs/reference/kubernetes-api/): server-side apply, merge patches,
lists by labels, ``Status`` for errors. Applied documents are strictly validated with the published schemas. Its only
controller creates the Pods of Deployments; the test sets a Pod's status in place of a node.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate

__all__ = ["TOKEN", "VERSION", "Cluster", "checked"]

VERSION = "1.31"
TOKEN = "a-token"
PLACE = re.compile(r"/(?:api/v1|apis/[a-z0-9.]+/v1)/namespaces/([a-z0-9-]+)/([a-z]+)(?:/([a-z0-9.-]+))?(/log)?")
CREATED = "2026-01-02T03:04:05Z"


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """Validate a document against the published schemas, without unknown fields."""
    kubernetes_validate.validate(document, VERSION, strict=True)
    return document


class Cluster:
    """A server at ``url``. objects: by (namespace, plural, name). logs: by Pod. refusing: status for every request.

    refusing_changes: status for each change of an existing object.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.logs: dict[str, str] = {}
        self.requests: list[str] = []
        self.refusing = self.refusing_changes = 0
        self._pods = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def kubeconfig(self, **user: str) -> str:
        """Build a kubeconfig for this server."""
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "agents"}}],
                "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                "users": [{"name": "u", "user": user or {"token": TOKEN}}],
            }
        )

    def kind(self, plural: str) -> list[dict[str, Any]]:
        return [found for (_, kind, _), found in self.objects.items() if kind == plural]

    def say(self, state: dict[str, Any], *, last: dict[str, Any] | None = None, ready: bool = False) -> None:
        """Set the container status of the only Pod, like a node."""
        (pod,) = self.kind("pods")
        pod["status"] = {
            "phase": "Running" if "running" in state else "Pending",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [
                {"name": "agent", "state": state, "lastState": last or {}, "restartCount": int(last is not None)}
            ],
        }

    # -- requests ----------------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.requests.append(f"{method} {parts.path}")
        if self.refusing:
            return self.refusing, _status(self.refusing, "Forbidden", "deployments.apps is forbidden")
        if parts.path == "/version":
            return 200, {"major": "1", "minor": "31", "gitVersion": "v1.31.4"}
        if parts.path == "/api/v1/nodes":
            have = {"cpu": "3920m", "memory": "16393244Ki", "ephemeral-storage": "95491281146", "pods": "110"}
            return 200, {"kind": "NodeList", "items": [{"spec": {}, "status": {"allocatable": have}}] * 2}
        found = PLACE.fullmatch(parts.path)
        if found is None:
            return 404, _status(404, "NotFound", "the server could not find the requested resource")
        namespace, plural, name, log = found.groups()
        if name is None:
            return 200, {"kind": "List", "items": self._select(namespace, plural, query.get("labelSelector", ""))}
        key = (namespace, plural, name)
        if method == "PATCH" and "fieldManager" in query:
            return self._apply(key, body)
        if key not in self.objects:
            return 404, _status(404, "NotFound", f'{plural} "{name}" not found')
        if log:
            return self._log(name, query)
        if method == "PATCH":
            if self.refusing_changes:
                return self.refusing_changes, _status(self.refusing_changes, "Invalid", "denied by a webhook")
            _merge(self.objects[key], body)
            self._reconcile(key)
        elif method == "DELETE":
            return 200, self._delete(key)
        return 200, self.objects[key]

    def _select(self, namespace: str, plural: str, selector: str) -> list[dict[str, Any]]:
        wanted = dict(each.split("=", 1) for each in selector.split(",") if each)
        return [
            found
            for (where, kind, _), found in sorted(self.objects.items())
            if (where, kind) == (namespace, plural) and wanted.items() <= found["metadata"].get("labels", {}).items()
        ]

    def _apply(self, key: tuple[str, str, str], body: dict[str, Any]) -> tuple[int, Any]:
        try:
            checked(body)
        except Exception as error:  # any kind of the validator's exceptions
            return 422, _status(422, "Invalid", str(error)[:500])
        new = json.loads(json.dumps(body))
        new["metadata"] |= {"namespace": key[0], "creationTimestamp": CREATED}
        if new["kind"] == "Service" and new["spec"]["type"] == "NodePort":
            for index, port in enumerate(new["spec"]["ports"]):
                port["nodePort"] = 30_080 + index
        before = self.objects.get(key)
        self.objects[key] = new
        self._reconcile(key)
        return 200 if before else 201, new

    def _log(self, name: str, query: dict[str, str]) -> tuple[int, Any]:
        if name not in self.logs:
            return 400, _status(400, "BadRequest", f'container "agent" in pod "{name}" is waiting to start')
        since = query.get("sinceTime", "")
        if since and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", since):
            return 400, _status(400, "BadRequest", f'parsing time "{since}" as RFC 3339 failed')
        text = "".join(line for line in re.split(r"(?<=\n)", self.logs[name]) if line[:19] >= since[:19])
        return 200, text[: int(query.get("limitBytes", len(text)))]

    def _delete(self, key: tuple[str, str, str]) -> dict[str, Any]:
        gone = self.objects.pop(key)
        if key[1] == "deployments":
            for pod in self._select(key[0], "pods", ""):
                if pod["metadata"]["labels"].items() >= gone["spec"]["selector"]["matchLabels"].items():
                    del self.objects[key[0], "pods", pod["metadata"]["name"]]
        return {"kind": "Status", "status": "Success"}

    def _reconcile(self, key: tuple[str, str, str]) -> None:
        """Create a Pod of the current template for each replica."""
        if key[1] != "deployments":
            return
        spec = self.objects[key]["spec"]
        wanted = ",".join(f"{name}={value}" for name, value in spec["selector"]["matchLabels"].items())
        template = spec["template"]
        for pod in self._select(key[0], "pods", wanted):
            if spec["replicas"] == 0 or pod["metadata"]["annotations"] != template["metadata"]["annotations"]:
                del self.objects[key[0], "pods", pod["metadata"]["name"]]
        if spec["replicas"] and not self._select(key[0], "pods", wanted):
            self._pods += 1
            name = f"{key[2]}-{self._pods:05d}"
            about = {"name": name, "namespace": key[0], "creationTimestamp": CREATED, **template["metadata"]}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": template["spec"]}
            checked(json.loads(json.dumps(pod)))
            self.objects[key[0], "pods", name] = pod | {"status": {"phase": "Pending"}}


def _merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, dict):
            _merge(target.setdefault(name, {}), value)
        else:
            target[name] = value


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, _status(401, "Unauthorized", "Unauthorized")
            else:
                status, answer = cluster.answer(self.command, self.path, json.loads(body) if body else None)
            data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_DELETE = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler
