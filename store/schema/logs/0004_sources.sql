-- Where objects came from: the name of the source in tocsin.yaml, NULL for what
-- was loaded by hand.
ALTER TABLE objects ADD COLUMN source VARCHAR;
ALTER TABLE deadletters ADD COLUMN source VARCHAR;

-- When what is in a source spoke last: an account, a region. Counted on from the
-- mark "heard SOURCE FIELD", which is the number of the last record that is in.
CREATE TABLE voices (
    source  VARCHAR NOT NULL,
    field   VARCHAR NOT NULL,        -- @account, @region
    part    VARCHAR NOT NULL,
    last_at TIMESTAMP NOT NULL       -- when its last record was stored
);
