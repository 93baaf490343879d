-- Offsets have no gaps, activity that is still to come never rises with the offset, and revenue never falls.
with

compared as (
    select
        user_id,
        period,
        entry,
        offset,
        is_active_later,
        is_buying_later,
        cum_revenue,
        row_number() over user_offsets as offset_no,
        lagInFrame(is_active_later, 1, 1) over user_offsets as previous_active_later,
        lagInFrame(is_buying_later, 1, 1) over user_offsets as previous_buying_later,
        lagInFrame(cum_revenue, 1, toDecimal64(0, 6)) over user_offsets as previous_revenue
    from {{ ref('fct_user_offsets') }}
    window user_offsets as (
        partition by user_id, period, entry order by offset
        rows between unbounded preceding and current row
    )
)

select *
from compared
where offset_no != offset + 1
    or is_active_later > previous_active_later
    or (offset > 0 and is_buying_later > previous_buying_later)
    or cum_revenue < previous_revenue
