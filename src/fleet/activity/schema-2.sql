-- Up to when events were dropped because there were too many: what is not newer is not taken in again. One row at most.
CREATE TABLE dropped (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL);
