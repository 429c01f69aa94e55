-- The first schema of state.duckdb: what rules and mails remember. Each thing is
-- one JSON document (doc) beside the columns that statements select by.

-- One row: the next numbers of everything that is numbered, and the secret by
-- which alert ids are permuted.
CREATE TABLE counters (next_alert BIGINT NOT NULL, next_mail BIGINT NOT NULL, next_notice BIGINT NOT NULL, round BIGINT NOT NULL, salt BIGINT NOT NULL);
INSERT INTO counters SELECT 0, 1, 1, 0, (random() * 1000000000)::BIGINT;

-- T1: what the rules remember.
CREATE TABLE rule_states (rule VARCHAR NOT NULL, doc VARCHAR NOT NULL);
CREATE TABLE alerts (
    id        VARCHAR NOT NULL,
    rule      VARCHAR NOT NULL,
    event     BOOLEAN NOT NULL,     -- of an event rule
    firing    BOOLEAN NOT NULL,
    settled   BOOLEAN NOT NULL,     -- nobody needs to be told of it any more
    began     TIMESTAMP NOT NULL,
    closes_at TIMESTAMP,            -- belongs to the notifier; wins over the document's
    doc       VARCHAR NOT NULL
);
CREATE TABLE news (
    alert   VARCHAR NOT NULL,
    n       BIGINT NOT NULL,
    settled BOOLEAN NOT NULL,
    doc     VARCHAR NOT NULL
);
CREATE TABLE evaluations (          -- hits, changes and errors; quiet ones are counted by the hour
    rule    VARCHAR NOT NULL,
    moment  TIMESTAMP NOT NULL,
    outcome VARCHAR NOT NULL,
    doc     VARCHAR NOT NULL
);
CREATE TABLE quiet_evaluations (rule VARCHAR NOT NULL, hour TIMESTAMP NOT NULL, n BIGINT NOT NULL);
CREATE TABLE gaps (rule VARCHAR NOT NULL, doc VARCHAR NOT NULL);
CREATE TABLE changes (rule VARCHAR NOT NULL, round BIGINT NOT NULL); -- rules that wait for a decision

-- For the operator: causes that are open, and notices that wait to be told.
CREATE TABLE causes (key VARCHAR NOT NULL, since TIMESTAMP NOT NULL, text VARCHAR NOT NULL);
CREATE TABLE notices (n BIGINT NOT NULL, told BOOLEAN NOT NULL, doc VARCHAR NOT NULL);

-- T2: what recipients were told, and why.
CREATE TABLE beliefs (rule VARCHAR NOT NULL, recipient VARCHAR NOT NULL, next TIMESTAMP, doc VARCHAR NOT NULL);
CREATE TABLE decisions (moment TIMESTAMP NOT NULL, rule VARCHAR NOT NULL, recipient VARCHAR NOT NULL, kind VARCHAR NOT NULL, mail BIGINT NOT NULL, doc VARCHAR NOT NULL);

-- T2 and T3: the outbox. The bytes are written once.
CREATE TABLE mails (
    id    BIGINT NOT NULL,
    state VARCHAR NOT NULL,
    next  TIMESTAMP,
    since TIMESTAMP NOT NULL,
    doc   VARCHAR NOT NULL,         -- without the bytes
    bytes BLOB                      -- NULL for a row that was replaced
);
