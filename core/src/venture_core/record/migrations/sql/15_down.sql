DROP FUNCTION record.venture_object_events;
REVOKE USAGE ON SCHEMA record FROM venture_content;
