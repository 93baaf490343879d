-- The boxes of rfm_segments hold each of the 125 codes, and the code 000 of non-buyers, exactly once.
with

scores as (
    select
        intDiv(number, 25) + 1 as r_score,
        intDiv(number, 5) % 5 + 1 as f_score,
        number % 5 + 1 as m_score
    from numbers(125)
    union all
    select
        0 as r_score,
        0 as f_score,
        0 as m_score
)

select
    scores.r_score as r_score,
    scores.f_score as f_score,
    scores.m_score as m_score,
    countIf(
        scores.r_score between segments.r_from and segments.r_to
        and scores.f_score between segments.f_from and segments.f_to
        and scores.m_score between segments.m_from and segments.m_to
    ) as segment_count
from scores
cross join {{ ref('rfm_segments') }} as segments
group by r_score, f_score, m_score
having segment_count != 1
