DROP TABLE projection.skipped_events, projection.artifacts, projection.workflows,
  projection.positions;
