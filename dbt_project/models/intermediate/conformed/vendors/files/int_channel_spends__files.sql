{{ conformed_file('channel_spend', [
    'channel',
    'campaign_source_id',
    'campaign_name',
    'period_start_on',
    'period_end_on',
    'amount',
    'currency_code',
]) }}
