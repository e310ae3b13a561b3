-- The tenants that there were before tenants had dates: made when their first agent came, as far as anybody knows, and else now.
update tenants set created_at = coalesce(
    (select min(registered_at) from agents where agents.tenant_id = tenants.tenant_id),
    (extract(epoch from now()) * 1000000)::bigint
) where created_at = 0;
update tenants set status_since = created_at where status_since = 0;
update tenants set updated_at = created_at where updated_at = 0;
