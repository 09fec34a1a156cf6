-- One step of a chain as an aggregate's state: the hash so far, or the head before the first step.
CREATE FUNCTION record.chain_step(
  p_state bytea, p_head bytea, p_seq bigint, p_canonical bytea
) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256(coalesce(p_state, p_head) || int8send(p_seq) || p_canonical);
END $$;
CREATE AGGREGATE record.chain(p_head bytea, p_seq bigint, p_canonical bytea) (
  SFUNC = record.chain_step, STYPE = bytea
);
REVOKE EXECUTE ON FUNCTION record.chain_step, record.chain FROM PUBLIC;
