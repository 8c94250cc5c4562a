-- Version 10: what the account cost, by what the phone was doing.

-- What was spent in one situation on one day.
CREATE TABLE usage (
    day INTEGER NOT NULL,               -- days since 1970-01-01, UTC
    situation INTEGER NOT NULL,         -- Situation
    milliseconds INTEGER NOT NULL,      -- time for which the account was open
    bytes_up INTEGER NOT NULL,          -- bytes sent, TLS included
    bytes_down INTEGER NOT NULL,        -- bytes received
    connects INTEGER NOT NULL,          -- connections opened
    flights INTEGER NOT NULL,           -- round trips waited for
    wakes INTEGER NOT NULL,             -- timers that fired
    PRIMARY KEY (day, situation)
) STRICT, WITHOUT ROWID;
