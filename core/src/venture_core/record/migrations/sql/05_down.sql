REVOKE SELECT ON record.events, record.log_index, record.log_nodes, record.checkpoints,
  record.log_keys FROM venture_archiver;
DROP FUNCTION record.venture_detach_partition;
DROP TABLE record.archives;
REVOKE USAGE ON SCHEMA record FROM venture_archiver;
