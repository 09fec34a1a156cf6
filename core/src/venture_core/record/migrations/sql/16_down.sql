DROP FUNCTION record.assignment;
DROP FUNCTION record.assign;
DROP TABLE record.assignments;
