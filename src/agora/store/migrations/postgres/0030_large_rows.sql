-- Nothing to do: PostgreSQL keeps large values beside their rows.
select 1;
