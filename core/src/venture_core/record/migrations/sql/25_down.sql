REVOKE EXECUTE ON FUNCTION record.assignment FROM venture_treasury;

CREATE OR REPLACE FUNCTION record.speaks_for(p_service text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  -- The session's login, whatever role it took on: this runs in functions of the owner's.
  SELECT coalesce(pg_catalog.pg_has_role(session_user, pg_catalog.to_regrole(pg_catalog.concat(
    'venture_service_', pg_catalog.replace(p_service, '-', '_'))), 'MEMBER'), false)
$$;
COMMENT ON FUNCTION record.speaks_for IS
  'Whether the login is a member of the role of this service. A superuser is a member of all.';
