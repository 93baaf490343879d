-- A read-only user for DataLens and analysts, with rights by row. Run once by an administrator, with the
-- schema of your profile instead of `telemetry`; on a cluster add ON CLUSTER behind each name.

-- may not change settings that would let a question write, and may not eat the server
create settings profile if not exists telemetry_reader
    settings readonly = 2, max_execution_time = 60, max_memory_usage = 4000000000, max_result_rows = 1000000;

create role if not exists telemetry_reader settings profile telemetry_reader;
grant select on telemetry_marts.* to telemetry_reader;

-- sees every row of the marts; raw events and users' names in staging stay closed
create user if not exists telemetry_datalens identified with sha256_password by 'CHANGE ME'
    default role telemetry_reader;
grant telemetry_reader to telemetry_datalens;

-- a regional manager sees one city's rows, and only the marts that know of each row whose city it is
create role if not exists telemetry_kazan settings profile telemetry_reader;
grant select on telemetry_marts.fct_sales to telemetry_kazan;
grant select on telemetry_marts.fct_orders to telemetry_kazan;
grant select on telemetry_marts.fct_order_lines to telemetry_kazan;
grant select on telemetry_marts.fct_sessions to telemetry_kazan;
create user if not exists telemetry_manager_kazan identified with sha256_password by 'CHANGE ME'
    default role telemetry_kazan;
grant telemetry_kazan to telemetry_manager_kazan;

-- whoever no policy names sees nothing of a table that has one, so the first lets all others see everything
create row policy if not exists telemetry_everything
    on telemetry_marts.fct_sales, telemetry_marts.fct_orders, telemetry_marts.fct_order_lines,
        telemetry_marts.fct_sessions
    for select using 1 to all except telemetry_kazan;
create row policy if not exists telemetry_kazan_only
    on telemetry_marts.fct_sales, telemetry_marts.fct_orders, telemetry_marts.fct_order_lines,
        telemetry_marts.fct_sessions
    for select using city = 'Казань' to telemetry_kazan;
