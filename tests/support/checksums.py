"""What all tables hold, to be compared with what they should hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

#: Work tables of builds that died.
LEFT = "select count() from system.tables where match(name, '__dbt_(new_data|python|backup|tmp)')"
COLUMNS = """
select database, table, groupArray(name)
from (select database, table, name from system.columns where type not like '%Float%' order by position)
where database in ('telemetry_staging', 'telemetry_intermediate', 'telemetry_marts')
    and not match(table, '__dbt_')
    and (database, table) in (select database, name from system.tables where engine like '%MergeTree')
group by database, table order by database, table
"""


def checksums(ask: Callable[..., Sequence[Sequence[Sequence[Any]]]]) -> dict[str, tuple[Any, ...]]:
    """Rows of every table and a sum over them; floats, whose sums depend on their order, left out.

    Args:
        ask: gives the rows of each of its queries.
    """
    (tables,) = ask(COLUMNS)
    # a tuple has a hash even where a part is NULL
    queries = [
        f"select count(), sum(cityHash64(tuple({', '.join(map('`{}`'.format, columns))})))"
        f" from {database}.{table}"
        for database, table, columns in tables
    ]
    answers = ask(*queries)
    return {f"{table[0]}.{table[1]}": tuple(rows[0]) for table, rows in zip(tables, answers, strict=True)}
