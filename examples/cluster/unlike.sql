select count() as unlike
from (
    select database, name, count() as replicas, uniqExact(total_rows) as sizes
    from clusterAllReplicas('shop', system.tables)
    where startsWith(database, 'telemetry_') and engine like '%MergeTree'
    group by database, name
    having replicas != 2 or sizes != 1 or countIf(engine not like 'Replicated%') > 0
);
