"""Descriptions of parameters that have the same meaning in several operations.

A parameter is described at its declaration, by its type, or here: under ``category.action.name`` if its meaning is
specific to an operation, else under its name. A test checks that every parameter is described and every line here is
used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["BY_NAME", "BY_OPERATION", "describe_parameters"]

BY_NAME: Final[Mapping[str, str]] = {
    "actor": "Only calls by this agent, person or key.",
    "arguments": "Arguments by name.",
    "backup_id": "Id of the backup.",
    "category": "Only this category.",
    "capabilities": "Only agents that have all of these capabilities.",
    "comment": "Comment for people; stored.",
    "config_id": "Id of the push notification configuration.",
    "description": "Description for people.",
    "fencing_token": "The fencing token that the claim returned.",
    "include_artifacts": "Include the artifacts of each task.",
    "instance_id": "Id of an instance.",
    "label": "Label of the key, for people.",
    "limit": "Maximum number of items returned.",
    "message_type": "Type of the message: info, task, alert, system, or a custom label.",
    "metadata": "Free-form data, stored as is.",
    "outcome": "Only calls with this outcome: ok, or the code of an error.",
    "page_size": "Maximum number of items returned.",
    "reason": "Reason, recorded in the audit trail.",
    "refresh_token": "The refresh token that logging in returned.",
    "region": "Region of the host, such as eu-central-1.",
    "reply_to": "Id of the message being answered.",
    "required_model": "Name of a model that the worker must have.",
    "run_id": "Id of the import.",
    "step": "Name of the step.",
    "subject": "Subject of the event, such as an agent's or a task's id.",
    "subscription_id": "Id of a durable subscription: its filter and position are used.",
    "tags": "Tags for searching.",
    "target": "Only calls with this target: an id, a name or a setting.",
    "task_id": "Id of the task.",
    "text": "The text.",
    "token_id": "Id of the key.",
    "workflow_id": "Id of the workflow.",
}

BY_OPERATION: Final[Mapping[str, str]] = {
    "a2a.create_push_config.token": "Token sent with each update for the receiver to verify.",
    "a2a.create_push_config.url": "URL to which updates are posted.",
    "a2a.send.accepted_output_modes": "Media types that the caller accepts, such as text/plain.",
    "admin.audit.operation": "Only calls of this operation.",
    "agent.list.category": "Only agents of this category.",
    "agent.rate.comment": "Comment on the rating.",
    "agent.register.category": "Category of the agent: any word, such as documentation.",
    "agent.update.category": "Category of the agent: any word, such as documentation.",
    "auth.login.password": "Password of the user; passed on to the provider and not stored.",
    "auth.login.username": "Name of the user at the identity provider.",
    "billing.create_coupon.amount": "Credit that each redemption adds, in the currency.",
    "billing.create_coupon.code": "The coupon code.",
    "billing.create_coupon.max_redemptions": "Maximum number of redemptions by all accounts together.",
    "billing.credit.amount": "Amount to add, in the currency.",
    "billing.record.input_tokens": "Number of input tokens.",
    "billing.record.output_tokens": "Number of output tokens.",
    "billing.set_price.base_price": "Price of each call, in addition to time or tokens.",
    "billing.set_price.price": "Price per unit of the pricing model, such as an hour.",
    "billing.set_price.task_price": "Price of each completed task.",
    "billing.redeem_coupon.code": "The code of the coupon.",
    "billing.set_free_quota.kind": "Kind of usage that the quota covers.",
    "billing.set_profile.address": "Postal address for invoices.",
    "billing.set_profile.email": "E-mail address for invoices.",
    "billing.set_profile.name": "Company or person that invoices are addressed to.",
    "billing.set_profile.tax_id": "Tax number for invoices.",
    "conversation.list.state": "Only conversations in this state.",
    "conversation.usage.customer_id": "Only usage by this customer.",
    "discovery.schema.service": "Name of the operation, such as agora.messaging.send.",
    "event.publish.data": "Content of the event.",
    "event.publish.event_type": "Type of the event, such as report.ready.",
    "host.register.cpu_cores": "CPU cores available to instances.",
    "host.register.gpus": "GPUs available to instances.",
    "host.register.name": "Name of the host, unique in the marketplace.",
    "host.update.name": "Name of the host.",
    "instance.create.name": "Name of the instance, for people.",
    "instance.execute.endpoint": "Path of the request on the instance.",
    "instance.execute.method": "HTTP method of the request.",
    "instance.execute.parameters": "Parameters of the request: the JSON body, or the query string with GET and DELETE.",
    "instance.scale.max_instances": "Maximum number of running instances.",
    "instance.scale.min_instances": "Minimum number of running instances.",
    "memory.store.value": "Any JSON value.",
    "messaging.mark.message_ids": "Ids of the messages.",
    "messaging.receive.message_type": "Only messages of this type.",
    "messaging.receive.reply_to": "Only replies to the message with this id.",
    "messaging.receive.unread": "true: only unread messages; false: only read ones.",
    "messaging.subscribe.event_types": "Event types; default: all events of the agent.",
    "migration.import_rows.rows": "Rows of the table, as v4 exports them.",
    "migration.import_rows.table": "Name of the v4 table.",
    "migration.rollback_import.limit": "Maximum number of rows to roll back in this call.",
    "migration.sql.query": "The SQL statement of a v4 client.",
    "migration.switch.capabilities": "Agents with any of these capabilities are switched.",
    "migration.switch.to": "Version that the agents are switched to.",
    "query.agents.min_rating": "Minimum rating, 0 to 10.",
    "task.append.content": "Text to append.",
    "task.artifact.description": "Description of the artifact.",
    "task.artifact.name": "Name of the artifact, such as report.pdf.",
    "task.artifact.text": "Text content of the part.",
    "task.assign.depends_on": "Ids of tasks that must complete first.",
    "task.assign.max_attempts": "Attempts before the task fails for good.",
    "task.assign.parent_id": "Id of the parent task.",
    "task.assign.payload": "Input data for the agent: any fields.",
    "task.assign.required_capabilities": "Capabilities that the agent must all have.",
    "task.assign.task_type": "Type of the task, such as documentation, analysis or review.",
    "task.complete.result": "The result: any JSON.",
    "task.fail.error": "What went wrong.",
    "task.list.descending": "Reverse the order.",
    "task.list.parent_id": "Only subtasks of this task.",
    "task.list.sort": "Sort order.",
    "task.list.task_type": "Only tasks of this type.",
    "task.list.workflow_id": "Only tasks of this workflow.",
    "task.message.message_id": "Id of the message, used to detect repetitions.",
    "task.statistics.task_type": "Only tasks of this type.",
    "task.update.milestone": "Milestone reached, recorded in the task's history.",
    "task.update.result": "The result, with status completed: any JSON.",
    "token.create.authority": "Authority of the key in overrides, 0 to 255.",
    "upstream.prompt.prompt": "Name of the prompt at the upstream.",
    "upstream.read.uri": "URI of the resource at the upstream.",
    "worker.finish_task.result": "Result of a completed task: any JSON.",
    "worker.register.capabilities": "Capabilities of the worker; default: the caller's.",
    "workflow.approve.approved": "false rejects the step, which then fails.",
    "workflow.create.assigned_agents": "Agents (ids or names) for steps that name none.",
    "workflow.create.input": "Data that the steps refer to as ${input.NAME}.",
    "workflow.create.workflow_name": "Name of the workflow, for people.",
    "workflow.modify.action": "The change; see above for its parameters.",
    "workflow.modify.before": "With add: steps that must wait for the new one.",
    "workflow.modify.capability": "With reassign: capability of the agent that gets the step.",
    "workflow.modify.order": "With reorder: names of the steps not started yet, in the new order.",
}


def describe_parameters(schema: dict[str, Any], operation: str) -> dict[str, Any]:
    """Add descriptions to the parameters of a request schema that have none. operation: name without ``agora.``."""
    definitions = schema.get("$defs", {})
    for name, parameter in schema.get("properties", {}).items():
        if not _is_described(parameter, definitions):
            text = BY_OPERATION.get(f"{operation}.{name}") or BY_NAME.get(name)
            if text is not None:
                parameter["description"] = text
    return schema


def _is_described(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    """Whether a schema, its definition, or its only non-null alternative has a description."""
    if "$ref" in schema:
        definition = definitions.get(schema["$ref"].rpartition("/")[2], {})
        return "description" in schema or "description" in definition
    others = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    return "description" in schema or (len(others) == 1 and _is_described(others[0], definitions))
