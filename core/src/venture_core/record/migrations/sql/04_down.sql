DROP TABLE record.log_keys;
