"""SQL of conversations: envelopes, parties, questions and answers, and reported usage."""

from __future__ import annotations

from functools import cache

from agora.domains.messaging.records import MessageRow
from agora.store.port import Query, Write, build_in_list_condition

from .records import ConversationRow, EnvelopeRow, LapsedQuestion, ReportedUsageRow

__all__ = [
    "CONVERSATION_DELETES",
    "build_conversation_page_query",
    "build_open_questions_query",
    "build_reported_usage_query",
    "delete_duplicate_parties",
    "delete_old_usage_reports",
    "expire_question",
    "list_conversation_messages",
    "list_pending_messages",
    "lock_envelope",
    "readdress_parties",
    "record_answer",
    "select_closing_answers",
    "select_conversation",
    "select_due_questions",
    "select_envelope_by_party",
    "select_envelope_of_message",
    "select_lapsed_question",
    "select_newest_conversation_by_label",
    "select_next_due_time",
    "select_old_conversations",
    "select_own_party",
    "select_participants",
    "select_received_envelope",
    "select_sent_envelope",
    "update_conversation",
]

BIG = "bigint"


# -- messages ----------------------------------------------------------------------------------

select_envelope_of_message = Query(
    "select * from envelopes where tenant_id = :tenant and message_id = :message_id", EnvelopeRow
)
lock_envelope = Query(
    "select * from envelopes where tenant_id = :tenant and message_id = :message_id", EnvelopeRow, lock=True
)
select_sent_envelope = Query(
    "select * from envelopes where tenant_id = :tenant and sender = :sender and envelope_id = :envelope_id", EnvelopeRow
)

# Under any of the party's addresses, or by broadcast.
_WAS_DELIVERED = """
    (exists (select 1 from deliveries d where d.tenant_id = :tenant and d.recipient in (:party, :address, :alias)
        and d.message_id = e.message_id)
    or exists (select 1 from messages m where m.tenant_id = :tenant and m.message_id = e.message_id
        and m.broadcast = 1))
"""
select_received_envelope = Query(
    f"select e.* from envelopes e where e.tenant_id = :tenant and e.message_id = :message_id and {_WAS_DELIVERED}",
    EnvelopeRow,
)
# The newest message with this envelope id that the party sent or received.
select_envelope_by_party = Query(
    f"""
    select e.* from envelopes e where e.tenant_id = :tenant and e.envelope_id = :envelope_id
        and (e.sender = :party or {_WAS_DELIVERED})
    order by e.message_id desc limit 1
    """,
    EnvelopeRow,
)
# The party has given no final answer.
_IS_UNANSWERED = """
    not exists (select 1 from envelopes a where a.tenant_id = :tenant and a.answers = e.message_id
        and a.sender = :party and a.final = 1)
"""
_IN_TYPES = "e.type in (select value from json_each(:types))"
_IN_TYPES_POSTGRES = "e.type = any(array(select json_array_elements_text(:types::json)))"


@cache
def build_open_questions_query(*, labelled: bool) -> Query[EnvelopeRow]:
    """Build the query of the two newest open questions of one agent to another that have not timed out, newest first.

    labelled: only those in conversations with the given label.
    """
    # Two rows are enough: if more than one question is open, none is inferred.
    narrowed = """
        and exists (select 1 from conversations c where c.tenant_id = :tenant
            and c.conversation_id = e.conversation_id and c.label = :label)
    """
    text = f"""
        select e.* from envelopes e where e.tenant_id = :tenant and e.sender = :asker and e.open > 0
            and (e.due_at is null or e.due_at > :now) and e.message_id > :after and {{types}}
            {narrowed if labelled else ""} and {_WAS_DELIVERED} and {_IS_UNANSWERED}
        order by e.message_id desc limit 2
    """
    return Query(
        text.format(types=_IN_TYPES), EnvelopeRow, postgres=text.format(types=_IN_TYPES_POSTGRES), types={"now": BIG}
    )


# The newest of an agent's last lapsed or overdue questions that the other party has not answered.
select_lapsed_question = Query(
    f"""
    select e.message_id, e.envelope_id from (
        select l.* from envelopes l where l.tenant_id = :tenant and l.sender = :asker and l.open < 0
            and l.message_id > :after
        union all
        select o.* from envelopes o where o.tenant_id = :tenant and o.sender = :asker and o.open > 0
            and o.due_at <= :now and o.message_id > :after
        order by message_id desc limit 100
    ) e
    where {_WAS_DELIVERED} and {_IS_UNANSWERED}
    order by e.message_id desc limit 1
    """,
    LapsedQuestion,
    types={"now": BIG},
)
# `agree` and `inform` may be followed by an outcome, so they do not close the exchange.
select_closing_answers = Query(
    """
    select type from envelopes where tenant_id = :tenant and answers = :message_id and sender = :sender
        and type in ('refuse', 'failure', 'done', 'deploy_confirm', 'deploy_failure')
    limit 1
    """,
    str,
)
# open = -1: the question timed out or was withdrawn, and late answers do not settle it.
expire_question = Write(
    """
    update envelopes set open = -1, due_at = null, answer = coalesce(answer, :answer)
    where tenant_id = :tenant and message_id = :message_id
    """
)
record_answer = Write(
    """
    update envelopes set open = case when open > 0 then open - :closes else open end, due_at = null,
        answer = coalesce(answer, :answer)
    where tenant_id = :tenant and message_id = :message_id
    """,
    types={"closes": BIG},
)
select_next_due_time = Query(
    "select min(due_at) as due_at from envelopes where tenant_id = :tenant and due_at is not null", int
)
select_due_questions = Query(
    "select message_id from envelopes where tenant_id = :tenant and due_at <= :now order by due_at limit :limit",
    str,
    types={"now": BIG, "limit": BIG},
)
list_conversation_messages = Query(
    """
    select m.* from envelopes e
    join messages m on m.tenant_id = e.tenant_id and m.message_id = e.message_id
    where e.tenant_id = :tenant and e.conversation_id = :conversation_id and e.message_id > :after
    order by e.message_id limit :limit
    """,
    MessageRow,
    types={"limit": BIG},
)
_MESSAGE_IS_UNEXPIRED = "(m.expires_at > :now or (m.expires_at is null and m.created_at > :horizon))"
# The oldest unread messages of an agent, and broadcasts since it joined, in no particular order. Only ids are sorted,
# because SQLite would copy whole messages to sort them.
list_pending_messages = Query(
    f"""
    select m.* from (
        select d.message_id as message_id from deliveries d
        join messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id
        where d.tenant_id = :tenant and d.recipient in (:party, :address, :alias) and d.state in ('held', 'queued')
            and d.message_id > :after and {_MESSAGE_IS_UNEXPIRED}
        union all
        select m.message_id as message_id from messages m
        where m.tenant_id = :tenant and m.broadcast = 1 and m.message_id > :joined and m.message_id > :after
            and m.from_agent <> :party and {_MESSAGE_IS_UNEXPIRED}
            and not exists (select 1 from deliveries d where d.tenant_id = :tenant and d.recipient = :party
                and d.message_id = m.message_id)
        order by message_id limit :limit
    ) as page
    cross join messages m
    where m.tenant_id = :tenant and m.message_id = page.message_id
    """,
    MessageRow,
    types={"now": BIG, "horizon": BIG, "limit": BIG},
)

# -- conversations -----------------------------------------------------------------------------

select_conversation = Query(
    "select * from conversations where tenant_id = :tenant and conversation_id = :conversation_id", ConversationRow
)
# The newest conversation of that label that an agent is in.
select_newest_conversation_by_label = Query(
    """
    select c.* from conversation_parties p
    join conversations c on c.tenant_id = p.tenant_id and c.conversation_id = p.conversation_id
    where p.tenant_id = :tenant and p.party in (:party, :address, :alias) and p.label = :label
    order by p.conversation_id desc limit 1
    """,
    ConversationRow,
)
select_own_party = Query(
    """
    select party from conversation_parties where tenant_id = :tenant and party in (:party, :address, :alias)
        and conversation_id = :conversation_id limit 1
    """,
    str,
)
select_participants = Query(
    """
    select party from conversation_parties where tenant_id = :tenant and conversation_id = :conversation_id
    order by party limit 200
    """,
    str,
)
# Conversations that began before an agent registered refer to it by its held address.
delete_duplicate_parties = Write(
    """
    delete from conversation_parties where tenant_id = :tenant and party = :address and conversation_id in (
        select conversation_id from conversation_parties where tenant_id = :tenant and party = :agent_id)
    """
)
readdress_parties = Write(
    "update conversation_parties set party = :agent_id where tenant_id = :tenant and party = :address"
)
update_conversation = Write(
    """
    update conversations set state = :state, last_type = :last_type, message_count = message_count + 1,
        updated_at = :now
    where tenant_id = :tenant and conversation_id = :conversation_id
    """,
    types={"now": BIG},
)


@cache
def build_conversation_page_query(*, state: bool, everyone: bool) -> Query[ConversationRow]:
    """Build the query of a page of an agent's conversations, or of all, newest first."""
    narrowed = "and c.state = :state" if state else ""
    if everyone:
        return Query(
            f"""
            select c.* from conversations c where c.tenant_id = :tenant and c.conversation_id < :before {narrowed}
            order by c.conversation_id desc limit :limit
            """,
            ConversationRow,
            types={"limit": BIG},
            scan=True,
        )
    return Query(
        f"""
        select c.* from conversation_parties p
        join conversations c on c.tenant_id = p.tenant_id and c.conversation_id = p.conversation_id
        where p.tenant_id = :tenant and p.party in (:party, :address, :alias) and p.conversation_id < :before {narrowed}
        order by p.conversation_id desc limit :limit
        """,
        ConversationRow,
        types={"limit": BIG},
        scan=True,
    )


# -- reported usage ----------------------------------------------------------------------------


@cache
def build_reported_usage_query(*, agent: bool, customer: bool, since: bool) -> Query[ReportedUsageRow]:
    """Build the query of a page of reported usage, oldest first."""
    conditions = [
        "and agent_id = :agent_id" if agent else "",
        "and customer_id = :customer_id" if customer else "",
        "and used_at >= :since" if since else "",
    ]
    return Query(
        f"""
        select * from reported_usage where tenant_id = :tenant and usage_id > :after {" ".join(conditions)}
        order by usage_id limit :limit
        """,
        ReportedUsageRow,
        types={"since": BIG, "limit": BIG},
        scan=True,
    )


# -- retention ---------------------------------------------------------------------------------

_IDS, _IDS_POSTGRES = build_in_list_condition("ids")


def _build_delete_by_conversation(table: str) -> Write:
    text = f"delete from {table} where tenant_id = :tenant and conversation_id "
    return Write(text + _IDS, postgres=text + _IDS_POSTGRES)


select_old_conversations = Query(
    """
    select conversation_id from conversations where tenant_id = :tenant and updated_at < :before
    order by updated_at limit :limit
    """,
    str,
    types={"before": BIG, "limit": BIG},
    scan=True,
)
CONVERSATION_DELETES = (
    _build_delete_by_conversation("envelopes"),
    _build_delete_by_conversation("conversation_parties"),
    _build_delete_by_conversation("conversations"),
)
# Ids begin with the time, so the inner page in id order finds the oldest without an index on the time.
delete_old_usage_reports = Write(
    """
    delete from reported_usage where tenant_id = :tenant and usage_id in (
        select o.usage_id
        from (select usage_id, reported_at from reported_usage where tenant_id = :tenant order by usage_id limit :limit) as o
        where o.reported_at < :before)
    """,
    types={"before": BIG, "limit": BIG},
)
