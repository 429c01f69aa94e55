-- Where in the archive the bytes of an object are.
ALTER TABLE objects ADD COLUMN IF NOT EXISTS archived VARCHAR; -- its key, NULL: it is not there
