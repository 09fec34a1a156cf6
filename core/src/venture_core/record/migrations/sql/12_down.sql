ALTER FUNCTION record.venture_append_events RESET plan_cache_mode;
