"""Settings for tasks, billing, instances and engines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator

from agora_sdk.contract.currencies import CODES

from .section import DAY, Section

__all__ = ["Work"]

IMAGE_PATTERN: Final = r"^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$"  # reference of a container image


class Work(Section):
    """Settings for tasks, billing and instances."""

    task_retention: int = Field(
        90 * DAY, ge=60, le=36500 * DAY, description="Retention of ended tasks and workflows, in seconds."
    )
    session_retention: int = Field(
        0,
        ge=0,
        le=36500 * DAY,
        description="Retention of coding agent sessions after their last message, in seconds; 0: unlimited.",
    )
    task_output_limit: int = Field(
        10_000_000, ge=1024, le=1_000_000_000, description="Maximum output of a task, in characters."
    )
    billing_currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", description="Default currency of prices, credit and budgets."
    )
    billing_price_notice: float = Field(
        2_592_000.0,
        ge=0,
        le=31_622_400,
        description="Notice period, in seconds, before a new price applies to existing instances.",
    )
    billing_issuer: str = Field(
        "", max_length=1000, description="Name and address of the invoice issuer, lines separated by \\n."
    )
    billing_email: str = Field(
        "",
        max_length=254,
        pattern=r"^([^@\s<>]+@[^@\s<>]+)?$",
        description="Sender address of invoice e-mails.",
    )
    billing_tax_name: str = Field("VAT", max_length=40, description="Name of the included tax on invoices.")
    billing_tax_rate: float = Field(
        0.0, ge=0, le=100, description="Included tax rate in percent, up to two decimal places; 0: none."
    )
    billing_payment_days: int = Field(30, ge=0, le=365, description="Payment term of invoices, in days.")
    billing_unknown_model_price: str = Field(
        "refuse",
        pattern=r"^(refuse|[0-9]{1,6}(\.[0-9]{1,6})?/[0-9]{1,6}(\.[0-9]{1,6})?)$",
        description="Price of models without a price: 'refuse' to reject calls, or amounts in billing_currency per "
        "million input and output tokens, such as 5/25.",
    )
    billing_reported_tokens: bool = Field(
        True,
        description="Charge the tokens that workers report for jobs; otherwise they are only shown.",
    )
    process_engine: bool = Field(
        True,
        description="Allow instances to run as processes on this machine. They are not isolated: each has all permissions "
        "of the server's user.",
    )
    instance_sources: Annotated[tuple[Path, ...], Field(max_length=100)] = Field(
        (),
        description="Directories with agent sources that may run, separated by colons, in addition to 'sources' in "
        "data_dir.",
    )
    instance_ports: str = Field(
        "20000-29999", pattern=r"^[0-9]{4,5}-[0-9]{4,5}$", description="Port range of instances."
    )
    instance_private_networks: bool = Field(
        False, description="Allow git repositories of agents at private and loopback addresses."
    )
    docker_host: str = Field(
        "auto",
        max_length=500,
        pattern=r"^(auto|none|(unix|tcp|http|https|ssh)://[!-~]+)$",
        description="Docker Engine for instances: a URL, 'none', or 'auto' for the engine that Docker's client would "
        "use, if any. Needs the extra agora-server[docker].",
    )
    docker_publish: str = Field(
        "127.0.0.1",
        pattern=r"^[0-9A-Fa-f.:]{2,45}$",
        description="Address at which container ports are published and reached by this server.",
    )
    docker_server_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="URL of this server for containers; default: public_url, else this machine's address in the "
        "container network.",
    )
    docker_python_image: str = Field(
        "python:3.12-slim", pattern=IMAGE_PATTERN, description="Base image of python and custom agents."
    )
    docker_node_image: str = Field("node:22-slim", pattern=IMAGE_PATTERN, description="Base image of npm agents.")
    docker_pull: Literal["always", "missing"] = Field(
        "always",
        description="Pull images always, with the agent's own credentials, or only if missing.",
    )
    docker_read_only: bool = Field(
        True, description="Make the root file system of containers read-only, except /tmp and the state directory."
    )
    kubernetes: str = Field(
        "none",
        max_length=1000,
        description="Kubernetes cluster for instances: 'in-cluster' (the one this server runs in), the path of a "
        "kubeconfig, or 'none'.",
    )
    kubernetes_context: str = Field(
        "", max_length=255, description="Context of the kubeconfig; default: its current context."
    )
    kubernetes_namespace: str = Field(
        "",
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$",
        description="Namespace of instances; default: that of the context or of this server's Pod.",
    )
    kubernetes_node_address: str = Field(
        "",
        max_length=255,
        pattern=r"^[A-Za-z0-9.:-]*$",
        description="Node address for node ports, if the server runs outside the cluster. Inside, Services are used.",
    )
    kubernetes_server_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="URL of this server for Pods; default: public_url.",
    )
    kubernetes_storage: str = Field(
        "1Gi",
        pattern=r"^([0-9]{1,6}[KMGT]i)?$",
        description="Size of an instance's state volume; empty: the state is lost with the Pod.",
    )
    kubernetes_storage_class: str = Field(
        "",
        max_length=253,
        pattern=r"^[a-z0-9.-]*$",
        description="Storage class of the state volume; default: the cluster's.",
    )
    instance_check: float = Field(30.0, ge=0.05, le=3600, description="Interval of instance checks, in seconds.")
    instance_pass: float = Field(
        60.0,
        ge=0.05,
        le=3600,
        description="Interval of maintenance of hosts, budgets and expired instances, in seconds.",
    )
    instances_each: int = Field(20, ge=0, le=1_000_000, description="Maximum number of instances per account.")
    instance_output_kept: int = Field(
        64,
        ge=0,
        le=1024,
        description="KiB of an instance's latest output kept after it ends, until the instance is deleted.",
    )
    backups_each: int = Field(50, ge=0, le=1_000_000, description="Maximum number of instance backups per account.")
    backup_size_limit: int = Field(
        10_737_418_240, ge=1024, le=1 << 50, description="Maximum size of the state in an instance backup, in bytes."
    )
    instance_answer_limit: int = Field(
        10_485_760, ge=1024, le=1_073_741_824, description="Maximum size of an execution's response, in bytes."
    )
    instance_retention: int = Field(
        90 * DAY, ge=60, le=36500 * DAY, description="Retention of ended instances and of executions, in seconds."
    )
    host_name: str = Field(
        "",
        max_length=64,
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
        description="Host name of this server for instances; default: the machine's name.",
    )
    host_region: str = Field("", max_length=64, description="Region of this server for instances.")

    @field_validator("billing_currency")
    @classmethod
    def _require_known_currency(cls, value: str) -> str:
        if value not in CODES:
            raise ValueError("is not a currency of ISO 4217, such as USD")
        return value

    @field_validator("instance_sources", mode="before")
    @classmethod
    def _split_paths(cls, value: Any) -> Any:
        return tuple(part for part in value.split(":") if part) if isinstance(value, str) else value
