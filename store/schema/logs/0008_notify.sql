-- What is history and was loaded with --notify: rules mail what they find in it.
-- NULL: they do not.
ALTER TABLE objects ADD COLUMN IF NOT EXISTS notify BOOLEAN;
