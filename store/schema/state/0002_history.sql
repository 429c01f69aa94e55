-- What operators do and look at.

-- A document of the alert without its rows, for lists; NULL where an older
-- program stored the alert: then doc stands for it.
ALTER TABLE alerts ADD COLUMN head VARCHAR;

-- Who has taken an alert on. It belongs to the operator and wins over the
-- document's, as closes_at does.
CREATE TABLE acks (alert VARCHAR NOT NULL, doc VARCHAR NOT NULL);

-- What somebody did by hand, and what was loaded as rules.
CREATE TABLE operations (n BIGINT NOT NULL, moment TIMESTAMP NOT NULL, kind VARCHAR NOT NULL, author VARCHAR NOT NULL, subject VARCHAR NOT NULL, note VARCHAR NOT NULL);

-- Each version of each rule: its text from a moment on; '' says that the rule
-- was not there any more.
CREATE TABLE rule_versions (n BIGINT NOT NULL, rule VARCHAR NOT NULL, since TIMESTAMP NOT NULL, hash VARCHAR NOT NULL, meaning VARCHAR NOT NULL,
    file VARCHAR NOT NULL, text VARCHAR NOT NULL, logstore VARCHAR NOT NULL, query VARCHAR NOT NULL);
