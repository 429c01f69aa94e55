-- How far each source was read, in its own words; set after what it stands for
-- was committed.
CREATE TABLE marks (
    name   VARCHAR NOT NULL,         -- what is marked, and of which source
    value  VARCHAR NOT NULL,
    set_at TIMESTAMP NOT NULL
);
