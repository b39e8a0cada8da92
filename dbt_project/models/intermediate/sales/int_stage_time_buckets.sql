with

ordered as (
    select
        series.series_number,
        times.closed_month,
        times.seconds,
        row_number() over (
            partition by series.series_number order by times.seconds
        ) as place,
        count(*) over (partition by series.series_number) as place_count
    from {{ ref('int_deal_stage_times') }} as times
    inner join {{ ref('int_stage_time_series') }} as series
        on
            times.tenant = series.tenant
            and times.pipeline_id = series.pipeline_id
            and times.stage_id = series.stage_id
            and times.outcome = series.outcome
            and times.new_or_repeat = series.new_or_repeat
    where times.seconds > 0
),

final as (
    select
        series_number,
        closed_month,
        seconds,
        cast((place - 1) * 1000 // place_count as int) as bucket
    from ordered
)

select * from final
