"""Descriptions of parameters that mean the same wherever they stand, stated once.

A parameter is described where it is declared, or by its type, or else here: under ``category.action.name`` where it has a meaning of
its own, else under its name. A test holds that every parameter of every operation is described, and that every line here is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["BY_NAME", "BY_OPERATION", "describe_parameters"]

BY_NAME: Final[Mapping[str, str]] = {
    "actor": "Only calls by this agent, person or key.",
    "arguments": "Arguments by their names.",
    "backup_id": "Id of the backup.",
    "category": "Only this category.",
    "capabilities": "Only agents that have all of these capabilities.",
    "comment": "Text for people, kept with it.",
    "config_id": "Id of the push notification configuration.",
    "description": "Text for people: what it is and does.",
    "fencing_token": "The fencing token that the claim returned.",
    "include_artifacts": "Whether the artifacts of each task are included.",
    "instance_id": "Id of an instance.",
    "label": "Name of the key, for people.",
    "limit": "Largest number of items in the answer.",
    "message_type": "Type of the message: info, task, alert, system, or a label of your own.",
    "metadata": "Free-form data kept with it.",
    "outcome": "Only calls with this outcome: ok, or the code of an error.",
    "page_size": "Largest number of items in the answer.",
    "reason": "Why, for people; kept in the audit trail.",
    "refresh_token": "The refresh token that logging in returned.",
    "region": "Region of the host, such as eu-central-1.",
    "reply_to": "Id of the message that is answered.",
    "required_model": "Name of a model that the worker must have.",
    "run_id": "Id of the import.",
    "step": "Name of the step.",
    "subject": "What the event is about, such as an agent's or a task's id.",
    "subscription_id": "Id of a durable subscription: its filter and position are used.",
    "tags": "Free words by which it is found.",
    "target": "Only calls on this target: an id, a name or a setting.",
    "task_id": "Id of the task.",
    "text": "The text.",
    "token_id": "Id of the key.",
    "workflow_id": "Id of the workflow.",
}

BY_OPERATION: Final[Mapping[str, str]] = {
    "a2a.create_push_config.token": "Sent with each update, by which the receiver knows it.",
    "a2a.create_push_config.url": "Where the updates are posted to.",
    "a2a.send.accepted_output_modes": "Media types that the caller can take, such as text/plain.",
    "admin.audit.operation": "Only calls of this operation.",
    "agent.list.category": "Only agents of this category.",
    "agent.rate.comment": "Why, for people.",
    "agent.register.category": "Kind of agent, in a word of your own, such as documentation.",
    "agent.update.category": "Kind of agent, in a word of your own, such as documentation.",
    "auth.login.password": "Password of the user, which is passed on and not kept.",
    "auth.login.username": "Name of the user at the identity provider.",
    "billing.create_coupon.amount": "Credit that each redemption adds, in the currency.",
    "billing.create_coupon.code": "The code that people enter.",
    "billing.create_coupon.max_redemptions": "How often the coupon can be redeemed by all accounts together.",
    "billing.credit.amount": "Amount to add, in the currency.",
    "billing.record.input_tokens": "Tokens that a model read.",
    "billing.record.output_tokens": "Tokens that a model wrote.",
    "billing.set_price.base_price": "Price of each call, beside that of time or tokens.",
    "billing.set_price.price": "Price of one unit of the pricing model, such as an hour.",
    "billing.set_price.task_price": "Price of each completed task.",
    "billing.redeem_coupon.code": "The code of the coupon.",
    "billing.set_free_quota.kind": "Kind of usage that the quota covers.",
    "billing.set_profile.address": "Postal address, as it stands on invoices.",
    "billing.set_profile.email": "Where invoices are sent to.",
    "billing.set_profile.name": "Name of the company or person that invoices are made out to.",
    "billing.set_profile.tax_id": "Tax number, as it stands on invoices.",
    "conversation.list.state": "Only conversations in this state.",
    "conversation.usage.customer_id": "Only uses by this customer.",
    "discovery.schema.service": "Name of the operation, such as agora.messaging.send.",
    "event.publish.data": "Content of the event.",
    "event.publish.event_type": "Type of the event, such as report.ready.",
    "host.register.cpu_cores": "Processor cores that instances may use.",
    "host.register.gpus": "Graphics processors that instances may use.",
    "host.register.name": "Name of the host, unique in the marketplace.",
    "host.update.name": "Name of the host.",
    "instance.create.name": "Name of the instance, for people.",
    "instance.execute.endpoint": "Path of the request on the instance.",
    "instance.execute.method": "HTTP method of the request.",
    "instance.execute.parameters": "Parameters of the request: its JSON body, or its query with GET and DELETE.",
    "instance.scale.max_instances": "Most instances that run at once.",
    "instance.scale.min_instances": "Fewest instances that are kept running.",
    "memory.store.value": "The value: any JSON.",
    "messaging.mark.message_ids": "Ids of the messages.",
    "messaging.receive.message_type": "Only messages of this type.",
    "messaging.receive.reply_to": "Only answers to the message with this id.",
    "messaging.receive.unread": "true: only what was not yet read; false: only what was.",
    "messaging.subscribe.event_types": "Only these events; all about the agent if empty.",
    "migration.import_rows.rows": "Rows of the table, as v4 exports them.",
    "migration.import_rows.table": "The v4 table that the rows are of.",
    "migration.rollback_import.limit": "Most rows that one call takes back.",
    "migration.sql.query": "The statement, as v4's clients write it.",
    "migration.switch.capabilities": "Agents with any of these capabilities are switched.",
    "migration.switch.to": "The version that the agents use from now on.",
    "query.agents.min_rating": "Only agents rated at least this well, 0 to 10.",
    "task.append.content": "Text to append.",
    "task.artifact.description": "Text for people: what the artifact is.",
    "task.artifact.name": "Name of the artifact, such as report.pdf.",
    "task.artifact.text": "Content of a part that is text.",
    "task.assign.depends_on": "Ids of tasks that must complete first.",
    "task.assign.max_attempts": "Attempts before the task fails for good.",
    "task.assign.parent_id": "Id of the task that this one is a part of.",
    "task.assign.payload": "What the agent needs to do it: any fields.",
    "task.assign.required_capabilities": "Capabilities that the agent must have, all of them.",
    "task.assign.task_type": "Type of the task, such as documentation, analysis or review.",
    "task.complete.result": "The result: any JSON.",
    "task.fail.error": "What went wrong.",
    "task.list.descending": "Whether the order is reversed.",
    "task.list.parent_id": "Only parts of this task.",
    "task.list.sort": "Order of the answer.",
    "task.list.task_type": "Only tasks of this type.",
    "task.list.workflow_id": "Only tasks of this workflow.",
    "task.message.message_id": "Id of the message, by which a repetition is recognised.",
    "task.statistics.task_type": "Only tasks of this type.",
    "task.update.milestone": "Name of a milestone that was reached, for its trail.",
    "task.update.result": "The result, with status completed: any JSON.",
    "token.create.authority": "Authority of the key in overrides, 0 to 255.",
    "upstream.prompt.prompt": "Name of the prompt, as the upstream has it.",
    "upstream.read.uri": "URI of the resource, as the upstream has it.",
    "worker.finish_task.result": "Result of the task, as JSON, if it is completed.",
    "worker.register.capabilities": "Capabilities of the worker; the caller's if left out.",
    "workflow.approve.approved": "false refuses the step, which then fails.",
    "workflow.create.assigned_agents": "Agents for the steps that name none: ids or names.",
    "workflow.create.input": "Data that the steps refer to as ${input.NAME}.",
    "workflow.create.workflow_name": "Name of the workflow, for people.",
    "workflow.modify.action": "What to change; the text above says which parameters it takes.",
    "workflow.modify.before": "With add: steps that wait for the new one.",
    "workflow.modify.capability": "With reassign: capability of the agent that gets the step.",
    "workflow.modify.order": "With reorder: names of the steps that have not started, in their new order.",
}


def describe_parameters(schema: dict[str, Any], operation: str) -> dict[str, Any]:
    """A request's schema with a description for each parameter that has none. operation: name without ``agora.``."""
    definitions = schema.get("$defs", {})
    for name, parameter in schema.get("properties", {}).items():
        if not _is_described(parameter, definitions):
            text = BY_OPERATION.get(f"{operation}.{name}") or BY_NAME.get(name)
            if text is not None:
                parameter["description"] = text
    return schema


def _is_described(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    """Whether a schema, its definition or the one alternative to null says what it is."""
    if "$ref" in schema:
        definition = definitions.get(schema["$ref"].rpartition("/")[2], {})
        return "description" in schema or "description" in definition
    others = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    return "description" in schema or (len(others) == 1 and _is_described(others[0], definitions))
