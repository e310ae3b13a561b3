-- The version of its agent's price that an instance was made with, and that scaling was agreed on with; 0 for none.
alter table instances add column price_version integer not null default 0;
update instances set price_version = coalesce((select max(p.version) from billing_prices as p
        where p.tenant_id = instances.tenant_id and p.agent_id = instances.agent_id
            and p.effective_from <= instances.created_at), 0);
alter table instance_scaling add column price_version integer not null default 0;
update instance_scaling set price_version = coalesce((select max(p.version) from billing_prices as p
        where p.tenant_id = instance_scaling.tenant_id and p.agent_id = instance_scaling.agent_id
            and p.effective_from <= instance_scaling.updated_at), 0);
