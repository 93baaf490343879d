"""Run as a program: plants faults in copies of tables, in one process with the warehouse.

stdin: {"setup": [statement], "inserts": [statement], "counts": [query]}
stdout: {"errors": [text], "counts": [int]}

A statement of `setup` must succeed; of an insert the answer is what ClickHouse said of it, '' if nothing.
"""

from __future__ import annotations

import json
import sys

from clickhouse_connect.driver.exceptions import ClickHouseError

from business_telemetry.warehouse import open_warehouse


def main() -> None:
    warehouse = open_warehouse()
    job = json.load(sys.stdin)
    for statement in job["setup"]:
        warehouse.client.command(statement)
    errors = []
    for statement in job["inserts"]:
        try:
            warehouse.client.command(statement)
            errors.append("")
        except ClickHouseError as error:
            errors.append(str(error))
    counts = [warehouse.client.query(query).result_rows[0][0] for query in job["counts"]]
    warehouse.close()
    json.dump({"errors": errors, "counts": counts}, sys.stdout)


if __name__ == "__main__":
    main()
