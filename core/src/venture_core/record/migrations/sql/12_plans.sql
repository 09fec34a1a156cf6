-- Plans for any arrays: made for these very arrays they would be made anew in every call, and hold a
-- copy of all the events. The functions that this one calls plan under the same setting.
ALTER FUNCTION record.venture_append_events SET plan_cache_mode = force_generic_plan;
