-- What is remembered of findings beside the table of their snapshot,
-- log_findings_now, which is made from the declaration of the logstore findings.

-- The snapshots that were made from what was stored, and are kept since.
CREATE TABLE snapshots (name VARCHAR NOT NULL);

-- The versions that do not stand any more. The record that a version stands on
-- is read from log_findings.
CREATE TABLE findings_past (
    number        BIGINT NOT NULL,   -- of the finding
    seq           BIGINT NOT NULL,   -- __seq__ from which it stood
    until         BIGINT NOT NULL,   -- and before which
    of_seq        BIGINT NOT NULL,   -- __seq__ of the record
    scanner       VARCHAR NOT NULL,
    first_seen    TIMESTAMP NOT NULL,
    last_seen     TIMESTAMP NOT NULL,
    change        VARCHAR NOT NULL,
    changed_at    TIMESTAMP,
    failed_before TIMESTAMP
);

-- The runs of scanners that look at everything in a run: what a finding can be
-- missing from.
CREATE TABLE scans (
    scanner VARCHAR NOT NULL,
    account VARCHAR NOT NULL,        -- '' where findings have none
    run_at  TIMESTAMP NOT NULL,      -- to the second
    seq     BIGINT NOT NULL          -- of its first record that was stored
);
