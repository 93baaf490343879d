"""A mart in pandas. Cells begin at `# %%`: open it as a notebook in VS Code or with jupytext."""

# %%
from business_telemetry.warehouse import open_warehouse

warehouse = open_warehouse()  # of the profile, as dbt; open_warehouse("prod") for a server

# %%
sales = warehouse.client.query_df(
    """
    select toStartOfMonth(order_date) as month, city, count() as orders, toFloat64(sum(revenue)) as revenue
    from {marts:Identifier}.fct_orders
    group by month, city
    order by month, city
    """,
    parameters={"marts": f"{warehouse.schema}_marts"},
)
warehouse.close()  # `dbt build` can have it again

# %%
print(sales.pivot_table(index="month", columns="city", values="revenue", aggfunc="sum").round(0).iloc[:, :6])
