-- The last good text of each rule file: what runs while the file is broken.
CREATE TABLE rule_files (name VARCHAR NOT NULL, doc VARCHAR NOT NULL);
