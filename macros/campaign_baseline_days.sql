{% macro campaign_baseline_days() -%}
    {#- Days before a campaign that make its baseline: PRE_DAYS of business_telemetry.statistics.campaigns. -#}
    56
{%- endmacro %}
