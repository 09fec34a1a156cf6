-- Money: wallets, a double-entry ledger in whole minor units, and a tree of budgets with holds, in
-- micro-units (a millionth of the currency's unit), from which the ledger is posted.
--
-- Nothing is edited: what moves money is a row of treasury.transfers, one debit and one credit of
-- the same amount, so that no transfer can be out of balance. Every operation is an event of the
-- record, by the same id, in the same transaction: no commit without it.

CREATE TABLE treasury.wallets (
  wallet_id uuid PRIMARY KEY,
  minor_micros bigint NOT NULL CHECK (minor_micros IN (100, 1000, 10000, 100000, 1000000)),
  usage_micros bigint NOT NULL DEFAULT 0 CHECK (usage_micros >= 0),
  namespace text NOT NULL CHECK (length(namespace) BETWEEN 1 AND 63),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  UNIQUE (namespace, currency)
) WITH (fillfactor = 50);
COMMENT ON COLUMN treasury.wallets.minor_micros IS 'Micro-units in a minor unit: 10000 in a cent.';
COMMENT ON COLUMN treasury.wallets.usage_micros IS
  'All usage there ever was, exactly; account 6020 holds as many minor units as are whole in it.';

CREATE TABLE treasury.accounts (
  wallet_id uuid NOT NULL REFERENCES treasury.wallets,
  code int NOT NULL CHECK (code BETWEEN 1000 AND 7020),
  entries bigint NOT NULL DEFAULT 0,
  debits_minor bigint NOT NULL DEFAULT 0,
  credits_minor bigint NOT NULL DEFAULT 0,
  is_debit boolean NOT NULL,
  PRIMARY KEY (wallet_id, code),
  CHECK (CASE WHEN is_debit THEN debits_minor >= credits_minor
    ELSE credits_minor >= debits_minor END)
) WITH (fillfactor = 50);

-- One row of whoever asked for something, and what the answer was: the same again is answered alike.
CREATE TABLE treasury.operations (
  operation_id uuid PRIMARY KEY,
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  status int NOT NULL CHECK (status BETWEEN 200 AND 499),
  input_hash bytea NOT NULL CHECK (octet_length(input_hash) = 32),
  answer bytea NOT NULL CHECK (octet_length(answer) <= 65536)
);

CREATE TABLE treasury.budgets (
  budget_id uuid PRIMARY KEY,
  wallet_id uuid NOT NULL REFERENCES treasury.wallets,
  parent_id uuid REFERENCES treasury.budgets,
  chain_id uuid NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  expires_at timestamptz,
  limit_micros bigint NOT NULL CHECK (limit_micros >= 0),
  reserved_micros bigint NOT NULL DEFAULT 0,
  held_micros bigint NOT NULL DEFAULT 0 CHECK (held_micros >= 0),
  spent_micros bigint NOT NULL DEFAULT 0 CHECK (spent_micros >= 0),
  reserves boolean NOT NULL,
  kind text NOT NULL CHECK (kind IN ('Wallet', 'Workflow', 'Task', 'Intent')),
  purpose text NOT NULL CHECK (purpose IN ('All', 'Cash', 'Usage')),
  state text NOT NULL DEFAULT 'Open'
    CHECK (state IN ('Open', 'Released', 'Consumed', 'Expired', 'Revoked')),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 253),
  ancestors uuid[] NOT NULL,
  counts_on uuid[] NOT NULL,
  CHECK ((kind = 'Wallet') = (parent_id IS NULL)),
  CHECK ((state = 'Open') = (ended_at IS NULL)),
  -- A wallet's limit is all that was ever paid in.
  CHECK (kind <> 'Wallet' OR spent_micros + held_micros <= limit_micros),
  CHECK (NOT reserves OR kind = 'Wallet' OR spent_micros + held_micros <= reserved_micros)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX budgets_by_parent ON treasury.budgets (parent_id);
CREATE INDEX budgets_due ON treasury.budgets (expires_at)
  WHERE state = 'Open' AND expires_at IS NOT NULL;
COMMENT ON COLUMN treasury.budgets.counts_on IS
  'Where a hold counts: this budget and those above it, up to the first that has reserved its limit.';
COMMENT ON COLUMN treasury.budgets.reserved_micros IS
  'What is set aside for it in the budgets above, spent or not. A limit that was lowered stays here.';

-- What may be spent by whom and how, as it was approved. Its budget has the same id.
CREATE TABLE treasury.intents (
  intent_id uuid PRIMARY KEY REFERENCES treasury.budgets (budget_id),
  workflow_id uuid,
  generation bigint NOT NULL CHECK (generation > 0),
  not_before timestamptz,
  per_transaction_micros bigint NOT NULL CHECK (per_transaction_micros > 0),
  velocity_micros bigint CHECK (velocity_micros >= 0),
  velocity_transactions bigint CHECK (velocity_transactions >= 0),
  velocity_seconds bigint CHECK (velocity_seconds BETWEEN 1 AND 2678400),
  day_micros bigint CHECK (day_micros >= 0),
  day_zone text NOT NULL,
  role text NOT NULL,
  merchant text NOT NULL,
  categories text[] NOT NULL CHECK (cardinality(categories) <= 32),
  tasks text[] NOT NULL CHECK (cardinality(tasks) <= 100),
  decision jsonb NOT NULL,
  input_hash bytea NOT NULL CHECK (octet_length(input_hash) = 32)
);

CREATE TABLE treasury.holds (
  hold_id uuid PRIMARY KEY,
  budget_id uuid NOT NULL REFERENCES treasury.budgets,
  wallet_id uuid NOT NULL REFERENCES treasury.wallets,
  placed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  resolved_at timestamptz,
  day_start timestamptz,
  amount_micros bigint NOT NULL CHECK (amount_micros > 0),
  posted_micros bigint NOT NULL DEFAULT 0,
  refunded_micros bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'Pending'
    CHECK (state IN ('Pending', 'Posted', 'Voided', 'Expired')),
  kind text NOT NULL CHECK (kind IN ('Spend', 'Usage')),
  merchant text,
  category text,
  task text,
  CHECK (posted_micros BETWEEN 0 AND amount_micros),
  CHECK (refunded_micros BETWEEN 0 AND posted_micros),
  CHECK ((state = 'Pending') = (resolved_at IS NULL)),
  CHECK (expires_at > placed_at)
) WITH (fillfactor = 80);
CREATE INDEX holds_pending ON treasury.holds (budget_id) WHERE state = 'Pending';
CREATE INDEX holds_due ON treasury.holds (expires_at) WHERE state = 'Pending';
CREATE INDEX holds_by_merchant ON treasury.holds (wallet_id, merchant, placed_at)
  WHERE kind = 'Spend';

-- What is held and spent on a day of a wallet, by the day's first instant: days have 23 to 25 hours.
CREATE TABLE treasury.days (
  wallet_id uuid NOT NULL REFERENCES treasury.wallets,
  day_start timestamptz NOT NULL,
  used_micros bigint NOT NULL CHECK (used_micros >= 0),
  PRIMARY KEY (wallet_id, day_start)
) WITH (fillfactor = 50);

CREATE TABLE treasury.transfers (
  transfer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  operation_id uuid NOT NULL,
  wallet_id uuid NOT NULL,
  hold_id uuid REFERENCES treasury.holds,
  posted_at timestamptz NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  debit_position bigint NOT NULL,
  debit_balance_minor bigint NOT NULL,
  credit_position bigint NOT NULL,
  credit_balance_minor bigint NOT NULL,
  debit_code int NOT NULL,
  credit_code int NOT NULL,
  CHECK (debit_code <> credit_code),
  FOREIGN KEY (wallet_id, debit_code) REFERENCES treasury.accounts,
  FOREIGN KEY (wallet_id, credit_code) REFERENCES treasury.accounts,
  UNIQUE (wallet_id, debit_code, debit_position),
  UNIQUE (wallet_id, credit_code, credit_position)
);
COMMENT ON COLUMN treasury.transfers.debit_position IS
  'Which entry of the account this is, from 1; balances are those after it, debits less credits.';

CREATE VIEW treasury.entries AS
  SELECT wallet_id, debit_code AS code, debit_position AS position, transfer_id, operation_id,
    hold_id, posted_at, amount_minor, debit_balance_minor AS balance_minor, credit_code AS other_code
  FROM treasury.transfers
  UNION ALL
  SELECT wallet_id, credit_code, credit_position, transfer_id, operation_id,
    hold_id, posted_at, -amount_minor, credit_balance_minor, debit_code
  FROM treasury.transfers;

-- Whoever inserts a transfer says what moves; where the accounts then stand follows here, and only
-- here: an update of an account outside a trigger is refused.
CREATE FUNCTION treasury.enter() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE treasury.accounts SET debits_minor = debits_minor + NEW.amount_minor, entries = entries + 1
    WHERE wallet_id = NEW.wallet_id AND code = NEW.debit_code
    RETURNING entries, debits_minor - credits_minor
    INTO NEW.debit_position, NEW.debit_balance_minor;
  UPDATE treasury.accounts SET credits_minor = credits_minor + NEW.amount_minor,
      entries = entries + 1
    WHERE wallet_id = NEW.wallet_id AND code = NEW.credit_code
    RETURNING entries, debits_minor - credits_minor
    INTO NEW.credit_position, NEW.credit_balance_minor;
  RETURN NEW;
END $$;
CREATE TRIGGER enter BEFORE INSERT ON treasury.transfers
  FOR EACH ROW EXECUTE FUNCTION treasury.enter();

CREATE FUNCTION treasury.guard_account() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND pg_trigger_depth() < 2
    OR TG_OP = 'INSERT' AND (NEW.debits_minor, NEW.credits_minor, NEW.entries) <> (0, 0, 0)
  THEN
    RAISE EXCEPTION 'accounts change by transfers only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON treasury.accounts
  FOR EACH ROW EXECUTE FUNCTION treasury.guard_account();

CREATE FUNCTION treasury.guard_hold() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (OLD.hold_id, OLD.budget_id, OLD.wallet_id, OLD.placed_at, OLD.expires_at, OLD.amount_micros,
      OLD.kind) IS DISTINCT FROM (NEW.hold_id, NEW.budget_id, NEW.wallet_id, NEW.placed_at,
      NEW.expires_at, NEW.amount_micros, NEW.kind)
    OR NEW.posted_micros < OLD.posted_micros OR NEW.refunded_micros < OLD.refunded_micros
    OR OLD.state <> 'Pending' AND (NEW.state <> OLD.state OR NEW.posted_micros <> OLD.posted_micros)
  THEN
    RAISE EXCEPTION 'a hold is resolved once, and what it was is not edited'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON treasury.holds
  FOR EACH ROW EXECUTE FUNCTION treasury.guard_hold();

CREATE FUNCTION treasury.guard_budget() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (OLD.budget_id, OLD.wallet_id, OLD.parent_id, OLD.chain_id, OLD.kind, OLD.purpose,
      OLD.ancestors, OLD.counts_on, OLD.expires_at)
      IS DISTINCT FROM (NEW.budget_id, NEW.wallet_id, NEW.parent_id, NEW.chain_id, NEW.kind,
      NEW.purpose, NEW.ancestors, NEW.counts_on, NEW.expires_at)
    OR NEW.spent_micros < OLD.spent_micros
    OR OLD.state <> 'Open' AND NEW.state <> OLD.state
    OR NEW.kind = 'Wallet' AND NEW.limit_micros < OLD.limit_micros
  THEN
    RAISE EXCEPTION 'what was spent stays spent, and a budget ends once'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON treasury.budgets
  FOR EACH ROW EXECUTE FUNCTION treasury.guard_budget();

-- What a foreign key would say; that would have to lock rows of tables whose owner may not.
CREATE FUNCTION treasury.require_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM record.event_ids WHERE event_id = NEW.operation_id) THEN
    RAISE EXCEPTION 'operation % is no event of the record', NEW.operation_id
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER recorded AFTER INSERT ON treasury.operations
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION treasury.require_event();

CREATE FUNCTION treasury.require_operation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM treasury.operations WHERE operation_id = NEW.operation_id) THEN
    RAISE EXCEPTION 'transfer % belongs to no operation', NEW.transfer_id
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER asked_for AFTER INSERT ON treasury.transfers
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION treasury.require_operation();

DO $$
DECLARE
  v_table text;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['operations', 'intents', 'transfers'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON treasury.%I '
      'FOR EACH ROW EXECUTE FUNCTION record.refuse_change()', v_table);
    EXECUTE format('REVOKE UPDATE ON treasury.%I FROM venture_owner', v_table);
  END LOOP;
  FOREACH v_table IN ARRAY ARRAY['wallets', 'accounts', 'budgets', 'holds', 'days'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON treasury.%I '
      'FOR EACH ROW EXECUTE FUNCTION record.refuse_change()', v_table);
  END LOOP;
  FOREACH v_table IN ARRAY
    ARRAY['wallets', 'accounts', 'operations', 'budgets', 'intents', 'holds', 'days', 'transfers']
  LOOP
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON treasury.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change()', v_table);
    EXECUTE format('REVOKE DELETE, TRUNCATE ON treasury.%I FROM venture_owner', v_table);
  END LOOP;
END $$;
