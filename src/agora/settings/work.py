"""Tasks, their cost, and the instances that work on them with their engines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator

from agora_sdk.contract.currencies import CODES

from .section import DAY, Section

__all__ = ["Work"]

IMAGE: Final = r"^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$"  # reference of a container image


class Work(Section):
    """Of work and of what does it."""

    task_retention: int = Field(
        90 * DAY, ge=60, le=36500 * DAY, description="Seconds ended tasks and workflows are kept."
    )
    session_retention: int = Field(
        0,
        ge=0,
        le=36500 * DAY,
        description="Seconds sessions of coding agents are kept after their last message; 0 keeps them.",
    )
    task_output_limit: int = Field(
        10_000_000, ge=1024, le=1_000_000_000, description="Most characters of output that a task keeps."
    )
    billing_currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", description="Currency of prices, credit and budgets that name none."
    )
    billing_price_notice: float = Field(
        2_592_000.0,
        ge=0,
        le=31_622_400,
        description="Seconds from the announcement of a price until it holds for instances made before.",
    )
    billing_issuer: str = Field(
        "", max_length=1000, description="Name and address of who issues invoices, lines separated by \\n."
    )
    billing_email: str = Field(
        "",
        max_length=254,
        pattern=r"^([^@\s<>]+@[^@\s<>]+)?$",
        description="E-mail address that invoices are sent from.",
    )
    billing_tax_name: str = Field("VAT", max_length=40, description="Name of the tax that prices include, on invoices.")
    billing_tax_rate: float = Field(
        0.0, ge=0, le=100, description="Percent of the tax that prices include; 0 for none. Two decimal places count."
    )
    billing_payment_days: int = Field(
        30, ge=0, le=365, description="Days from the issue of an invoice until it is due."
    )
    billing_unknown_model_price: str = Field(
        "refuse",
        pattern=r"^(refuse|[0-9]{1,6}(\.[0-9]{1,6})?/[0-9]{1,6}(\.[0-9]{1,6})?)$",
        description="What models without a price cost: 'refuse' to call none, or amounts in billing_currency for a million tokens "
        "of input and of output, such as 5/25.",
    )
    billing_reported_tokens: bool = Field(
        True,
        description="Whether the tokens that workers report of their jobs are charged; if not, they are shown alone.",
    )
    process_engine: bool = Field(True, description="Whether instances of agents may run as processes of this machine.")
    instance_sources: Annotated[tuple[Path, ...], Field(max_length=100)] = Field(
        (),
        description="Directories whose content may run as agents, separated by colons, in addition to the sources in data_dir.",
    )
    instance_ports: str = Field(
        "20000-29999", pattern=r"^[0-9]{4,5}-[0-9]{4,5}$", description="First and last port that instances may get."
    )
    instance_private_networks: bool = Field(
        False, description="Whether git repositories of agents may be at private and loopback addresses."
    )
    docker_host: str = Field(
        "auto",
        max_length=500,
        pattern=r"^(auto|none|(unix|tcp|http|https|ssh)://[!-~]+)$",
        description="Docker Engine for instances, with the extra agora-server[docker]: its URL, 'none', or 'auto' for the "
        "one that Docker's own client would use, if there is one.",
    )
    docker_publish: str = Field(
        "127.0.0.1",
        pattern=r"^[0-9A-Fa-f.:]{2,45}$",
        description="Address at which ports of containers are published, and reached by this server.",
    )
    docker_server_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="URL of this server for containers; if left out, public_url, else the address their network has here.",
    )
    docker_python_image: str = Field(
        "python:3.12-slim", pattern=IMAGE, description="What python and custom agents are built on for containers."
    )
    docker_node_image: str = Field("node:22-slim", pattern=IMAGE, description="What npm agents are built on.")
    docker_pull: Literal["always", "missing"] = Field(
        "always",
        description="Whether a registry is asked for an image each time, with the agent's own credentials, or only for one "
        "that is not there.",
    )
    docker_read_only: bool = Field(
        True, description="Whether the root file systems of containers are read-only; /tmp and their state never are."
    )
    kubernetes: str = Field(
        "none",
        max_length=1000,
        description="Cluster for instances: 'in-cluster' for the one that this server runs in, the path of a kubeconfig, or "
        "'none'.",
    )
    kubernetes_context: str = Field(
        "", max_length=255, description="Context of the kubeconfig; its current one if left out."
    )
    kubernetes_namespace: str = Field(
        "",
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$",
        description="Namespace of instances; that of the context, or of this server's Pod, if left out.",
    )
    kubernetes_node_address: str = Field(
        "",
        max_length=255,
        pattern=r"^[A-Za-z0-9.:-]*$",
        description="Where node ports are reached, for a server outside of the cluster; inside, Services are used.",
    )
    kubernetes_server_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="URL of this server for Pods; public_url if left out.",
    )
    kubernetes_storage: str = Field(
        "1Gi",
        pattern=r"^([0-9]{1,6}[KMGT]i)?$",
        description="Size of the volume that keeps an instance's state; empty to keep it as long as its Pod.",
    )
    kubernetes_storage_class: str = Field(
        "",
        max_length=253,
        pattern=r"^[a-z0-9.-]*$",
        description="Class of that volume; the cluster's default if left out.",
    )
    instance_check: float = Field(30.0, ge=0.05, le=3600, description="Seconds between two checks of an instance.")
    instance_pass: float = Field(
        60.0,
        ge=0.05,
        le=3600,
        description="Seconds between two maintenance passes over hosts, budgets and expired instances.",
    )
    instances_each: int = Field(20, ge=0, le=1_000_000, description="Most instances of one account at a time.")
    instance_output_kept: int = Field(
        64,
        ge=0,
        le=1024,
        description="KiB of an instance's last output that are kept after its end, as long as itself.",
    )
    backups_each: int = Field(50, ge=0, le=1_000_000, description="Most backups of instances of one account.")
    instance_answer_limit: int = Field(
        10_485_760, ge=1024, le=1_073_741_824, description="Most bytes of an answer of an instance to an execution."
    )
    instance_retention: int = Field(
        90 * DAY, ge=60, le=36500 * DAY, description="Seconds ended instances, and executions, are kept."
    )
    host_name: str = Field(
        "",
        max_length=64,
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
        description="Name of this server as a host of instances; that of the machine if left out.",
    )
    host_region: str = Field("", max_length=64, description="Region of this server as a host of instances.")

    @field_validator("billing_currency")
    @classmethod
    def _check_currency(cls, value: str) -> str:
        if value not in CODES:
            raise ValueError("is not a currency of ISO 4217, such as USD")
        return value

    @field_validator("instance_sources", mode="before")
    @classmethod
    def _split_paths(cls, value: Any) -> Any:
        return tuple(part for part in value.split(":") if part) if isinstance(value, str) else value
