DROP TABLE record.personal_data, record.leaders, record.checkpoints, record.log_nodes,
  record.log_index, record.writer_epochs, record.unsequenced, record.event_ids,
  record.chain_heads;
DROP VIEW record.readable_events;
DROP TABLE record.events;
DROP AGGREGATE record.chain(bytea, bigint, bytea);
DROP FUNCTION record.venture_append_events, record.venture_fence_writer, record.writer_lock,
  record.chain_step, record.venture_ensure_partitions, record.partition_name,
  record.venture_store_personal_data, record.venture_erase_personal_data, record.refuse_change;
