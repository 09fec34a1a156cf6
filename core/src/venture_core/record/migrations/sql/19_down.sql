DROP FUNCTION record.finish_tool_call;
DROP FUNCTION record.begin_tool_call;
DROP TABLE record.tool_calls;
DROP FUNCTION record.refuse_other_answer;
