-- Where objects came from: the name of the source in tocsin.yaml, NULL for what
-- was loaded by hand.
ALTER TABLE objects ADD COLUMN source VARCHAR;
ALTER TABLE deadletters ADD COLUMN source VARCHAR;
