-- A review is opened again when the task of its delivery ends without a report; until now, only its readers took it for open.
update coding_reviews set state = 'open' where state = 'delivering' and not exists (
    select 1 from tasks t where t.tenant_id = coding_reviews.tenant_id and t.task_id = coding_reviews.delivery_task_id
        and t.completed_at is null
);
create index coding_reviews_delivering on coding_reviews (tenant_id, delivery_task_id) where state = 'delivering';
