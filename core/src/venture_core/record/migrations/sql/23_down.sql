DROP FUNCTION record.log_end;
DROP FUNCTION record.namespace_events;
