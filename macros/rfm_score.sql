{% macro rfm_score(measure, value) -%}
    {#- Score of the last threshold of the seed `rfm_thresholds` that `value` reaches. Equal values score equally. -#}
    coalesce(arrayLast(
        threshold -> ifNull(threshold.1 <= {{ value }}, false),
        (
            select arraySort(groupArray((thresholds.from_value, thresholds.score)))
            from thresholds
            where thresholds.measure = '{{ measure }}'
        )
    ).2, 0)
{%- endmacro %}
