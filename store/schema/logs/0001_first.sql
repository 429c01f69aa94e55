-- The first schema of logs.duckdb. The table of each logstore is created when
-- it is first used, from its declaration; this holds what all of them share.

-- One row: the number of the next record of any logstore, advanced in the
-- transaction that stores the records, the number of the next object or dead
-- letter, and the random id of this file.
CREATE TABLE counter (next_seq BIGINT NOT NULL, next_id BIGINT NOT NULL, generation UUID NOT NULL);
INSERT INTO counter VALUES (1, 1, uuid());

-- The ledger: one row for each version of each object that was taken in.
CREATE TABLE objects (
    id         BIGINT NOT NULL,      -- the "object" of its records
    logstore   VARCHAR NOT NULL,
    name       VARCHAR NOT NULL,     -- path or URL, as the source calls it
    version    VARCHAR NOT NULL,
    format     VARCHAR NOT NULL,
    size       BIGINT,               -- packed bytes, NULL when unknown
    modified   TIMESTAMP,            -- by the source's clock
    records    BIGINT NOT NULL,      -- stored from it
    duplicates BIGINT NOT NULL,      -- of records that were stored already
    conflicts  BIGINT NOT NULL,      -- duplicates with other content
    broken     BIGINT NOT NULL,      -- set aside
    flagged    BIGINT NOT NULL,      -- stored, and odd
    history    BOOLEAN NOT NULL,
    oldest     TIMESTAMP,            -- event time of its records
    newest     TIMESTAMP,
    first_seq  BIGINT,               -- of its records
    last_seq   BIGINT,
    loaded_at  TIMESTAMP NOT NULL
);

-- What could not be read: a record, or a whole object (position NULL).
CREATE TABLE deadletters (
    id       BIGINT NOT NULL,
    logstore VARCHAR NOT NULL,
    object   VARCHAR NOT NULL,       -- name of the object
    version  VARCHAR NOT NULL,
    position BIGINT,
    line     BIGINT,
    "offset" BIGINT,
    reason   VARCHAR NOT NULL,
    raw      BLOB,                   -- the bytes, cut
    set_aside_at TIMESTAMP NOT NULL
);
