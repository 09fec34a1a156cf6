DROP FUNCTION record.policy_bundle;
DROP FUNCTION record.store_policy_bundle;
DROP TABLE record.policy_bundles;
