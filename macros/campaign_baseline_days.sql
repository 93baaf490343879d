{% macro campaign_baseline_days() -%}
    {#- Days before a campaign that make its baseline: PRE_DAYS of business_telemetry.campaigns. -#}
    56
{%- endmacro %}
