-- What `tocsin load` was told of how to read the object of a dead letter, so that
-- it is read again in the same way. NULL: nothing, tocsin.yaml says it.
ALTER TABLE deadletters ADD COLUMN IF NOT EXISTS time_zone VARCHAR;   -- name of a zone: --time-zone
ALTER TABLE deadletters ADD COLUMN IF NOT EXISTS columns_file VARCHAR; -- path of a map of columns: --columns
