{{ conformed_file('campaign_touch', [
    'campaign_source_id',
    'campaign_name',
    'channel',
    'lead_source_id',
    'contact_source_id',
    'status',
    'is_response',
    'touched_at',
]) }}
