{#
    A table by months, of which those are rebuilt whose inputs have changed: docs/month-rebuild.md.

    What is stale is asked once. Stale months are built aside, so many at a time as `build_batch_rows` allows, and swapped in
    with one statement; a new table is built so and takes its place as a whole. Wherever that is interrupted, the months that
    were not swapped are still stale.
#}
{% materialization month_rebuild, adapter='clickhouse' %}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set aside = target_relation.incorporate(
      path={'identifier': this.identifier ~ '__dbt_new_data_' ~ invocation_id.replace('-', '_')}
  ) -%}
  {%- set has_contract = config.get('contract').enforced -%}
  {%- set grant_config = config.get('grants') -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {%- set code = code_around_months(sql) -%}
  {%- set code_id = local_md5(code.before ~ code.after ~ model.contract.checksum ~ tojson(lookups(model))) -%}
  {%- set is_anew = existing is none or not existing.is_table or should_full_refresh() -%}
  {%- set notes = {} if is_anew else month_notes(this) -%}
  {%- if not is_anew and notes.get('code') != code_id and has_other_columns(existing, code) -%}
    {%- set is_anew = true -%}
  {%- endif -%}

  {%- set held = none if is_anew else held_months(this, notes.get('empty_months')) -%}
  {%- call statement('main', fetch_result=True) -%}
    {{ month_plan(with_code(code.versions, code_id), held, var('build_batch_rows')) }}
  {%- endcall -%}
  {#- --empty makes a table that is not there, and takes no month for one without rows -#}
  {%- set plan = [] if flags.EMPTY else load_result('main').table.rows -%}
  {%- set stale = plan | selectattr('status', 'equalto', 'stale') | list -%}
  {%- set built = [] -%}

  {%- if stale or is_anew -%}
    {%- do clickhouse__create_empty_table(False, aside, code.before ~ month_list({}) ~ code.after, has_contract) -%}
    {%- for batch in stale | groupby('batch') -%}
      {%- call statement('build_months') -%}
        {{ clickhouse__insert_into(aside, code.before ~ month_list(versions_of(batch.list)) ~ code.after, has_contract) }}
      {%- endcall -%}
    {%- endfor -%}
    {%- do built.extend(run_query('select distinct _partition_id from ' ~ aside).rows | map(attribute=0) | map('string')) -%}
  {%- endif -%}

  {%- set came_out_empty = stale | rejectattr('month_id', 'in', built) | list -%}
  {%- set empty = plan | selectattr('status', 'equalto', 'empty') | list + came_out_empty -%}
  {%- set new_notes = {'code': code_id, 'empty_months': versions_of(empty)} -%}

  {%- if is_anew -%}
    {%- do write_month_notes(aside, new_notes) -%}
    {%- do put_in_place(aside, existing, target_relation) -%}
  {%- else -%}
    {%- set dropped = plan | selectattr('status', 'equalto', 'gone') | list + came_out_empty | selectattr('is_held') | list -%}
    {%- if built or dropped -%}
      {%- call statement('swap_months') -%}
        {{ swap_months(target_relation, aside, built, dropped | map(attribute='month_id') | list) }}
      {%- endcall -%}
    {%- endif -%}
    {%- if stale -%}
      {%- do adapter.drop_relation(aside) -%}
    {%- endif -%}
    {%- if came_out_empty or notes.get('code') != code_id -%}
      {%- do write_month_notes(target_relation, new_notes) -%}
    {%- endif -%}
  {%- endif -%}

  {%- do store_raw_result(
      name='main', code='OK', rows_affected=-1, message=(stale | length ~ ' months') if stale else 'OK'
  ) -%}

  {%- set should_revoke = should_revoke(existing, full_refresh_mode=is_anew) -%}
  {%- do apply_grants(target_relation, grant_config, should_revoke=should_revoke) -%}
  {%- do persist_docs(target_relation, model) -%}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {%- do adapter.commit() -%}
  {{ run_hooks(post_hooks, inside_transaction=False) }}

  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro code_around_months(sql) -%}
    {%- set parts = sql.split(months_begin()) -%}
    {%- if parts | length != 2 or parts[1].count(months_end()) != 1 -%}
    {{ exceptions.raise_compiler_error(
        model.name ~ " is rebuilt by month: it needs one CTE `months as ( {{ months() }} )`, or months_of()"
    ) }}
    {%- endif -%}
    {%- set versions, after = parts[1].split(months_end()) -%}
    {{ return({'before': parts[0], 'versions': versions, 'after': after}) }}
{%- endmacro %}


{#- Checksums of the models and seeds, not rebuilt by month, that a model reads, and of what these read in turn. -#}
{% macro lookups(node) -%}
    {%- set found = {} -%}
    {%- for unique_id in node.depends_on.nodes or [] if unique_id in graph.nodes -%}
    {%- set input = graph.nodes[unique_id] -%}
    {%- if input.config.materialized != 'month_rebuild' -%}
    {%- do found.update({unique_id: input.checksum.checksum}) -%}
    {%- do found.update(lookups(input)) -%}
    {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Versions that name the code too: months that another text of the model made are stale, and so is what reads them. -#}
{% macro with_code(versions, code_id) -%}
    select
        month,
        sipHash64(coalesce(input_version, 0), '{{ code_id }}') as input_version,
        row_count
    from ({{ versions }})
{%- endmacro %}


{% macro versions_of(months) -%}
    {%- set versions = {} -%}
    {%- for month in months -%}
    {%- do versions.update({month['month_id']: month['input_version']}) -%}
    {%- endfor -%}
    {{ return(versions) }}
{%- endmacro %}


{#-
    What rows cannot tell stands in the table's comment: the months that came out empty, with their versions, and the code that
    the columns were compared with. Both spare work; nothing is wrong without them.
-#}
{% macro month_notes(relation) -%}
    {%- set rows = run_query(
        "select comment from system.tables where database = '" ~ relation.schema
        ~ "' and name = '" ~ relation.identifier ~ "'"
    ).rows -%}
    {%- set notes = fromjson(rows[0][0], {}) if rows else {} -%}
    {{ return(notes if notes is mapping else {}) }}
{%- endmacro %}


{% macro write_month_notes(relation, notes) -%}
    {%- call statement('write_month_notes') -%}
    alter table {{ relation }} {{ on_cluster_clause(relation) }} modify comment '{{ tojson(notes) }}'
    {%- endcall -%}
{%- endmacro %}


{% macro has_other_columns(existing, code) -%}
    {#- Whether the query gives other columns than the table has: an error, unless `on_schema_change` lets them be synced. -#}
    {%- set query = code.before ~ month_list({}) ~ code.after -%}
    {%- if config.get('contract').enforced -%}
    {%- do get_assert_columns_equivalent(query) -%}
    {%- endif -%}
    {%- set changes = adapter.check_incremental_schema_changes(
        'sync_all_columns', existing, query, query_settings=config.get('query_settings', {})
    ) -%}
    {%- if changes and config.get('on_schema_change') != 'sync_all_columns' -%}
    {{ exceptions.raise_compiler_error(
        "The columns of " ~ model.name ~ " are no longer those of its table (new: "
        ~ (changes.columns_to_add | join(', ', attribute='name') or 'none')
        ~ "; gone: " ~ (changes.columns_to_drop | join(', ', attribute='name') or 'none')
        ~ "; of another type: " ~ (changes.columns_to_modify | join(', ', attribute='name') or 'none')
        ~ "), and old months cannot have them: run `dbt build --full-refresh -s " ~ model.name ~ "+`"
    ) }}
    {%- endif -%}
    {{ return(true if changes else false) }}
{%- endmacro %}


{% macro put_in_place(aside, existing, target_relation) -%}
    {%- if existing is not none and existing.is_table and existing.can_exchange -%}
    {%- do exchange_tables_atomic(aside, target_relation) -%}
    {%- do adapter.drop_relation(aside) -%}
    {%- else -%}
    {%- do drop_relation_if_exists(existing) -%}
    {%- do adapter.rename_relation(aside, target_relation) -%}
    {%- endif -%}
{%- endmacro %}
