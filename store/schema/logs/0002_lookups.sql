-- The lookup tables of the configuration: each has a table of its own, which is
-- made again when the hash of its content or of its columns' types differs.
CREATE TABLE lookups (
    name      VARCHAR NOT NULL,
    hash      VARCHAR NOT NULL,
    row_count BIGINT NOT NULL
);
