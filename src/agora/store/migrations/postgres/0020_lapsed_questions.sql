-- A question that timed out, or was withdrawn, has open = -1: an answer without reply_to never means it.
update envelopes set open = -1, due_at = null
where open > 0 and exists (select 1 from envelopes a where a.tenant_id = envelopes.tenant_id
    and a.message_id = envelopes.answer and a.sender = envelopes.sender and a.type = 'failure');

create index envelopes_lapsed on envelopes (tenant_id, sender, message_id) where open < 0;
