DROP FUNCTION record.venture_living_builds;
