DROP TABLE record.consumer_inbox, record.relay_positions;
