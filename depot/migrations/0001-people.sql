-- SPDX-License-Identifier: Apache-2.0
-- People, products, and what was done: the tables that every part leans on.

CREATE TABLE products (
    name TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    made_us BIGINT NOT NULL,
    keep_days BIGINT NOT NULL, -- of builds that never got beyond internal
    log_days BIGINT NOT NULL   -- of logs, a device's or a job's
);

-- People, and machines with a client certificate; one space of names.
CREATE TABLE people (
    name TEXT PRIMARY KEY,
    is_machine BIGINT NOT NULL,
    password TEXT,                  -- crypt(5); NULL: none yet, or a machine
    must_change BIGINT NOT NULL,    -- the password was given by somebody else
    totp BYTEA,                     -- sealed with the depot's secret; NULL: none
    totp_step BIGINT NOT NULL,      -- of the last code that was used
    totp_new BYTEA,                 -- one that isn't confirmed yet
    invitation BYTEA,               -- SHA-256 of its secret
    invitation_until_us BIGINT NOT NULL,
    made_us BIGINT NOT NULL,
    disabled_us BIGINT              -- NULL: isn't
);
CREATE UNIQUE INDEX people_invitation ON people (invitation);

-- product: a name, or '*' for all.
CREATE TABLE roles (
    person TEXT NOT NULL REFERENCES people (name),
    product TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (person, product, role)
);
CREATE INDEX roles_product ON roles (product, person);

-- Wrong logins by name, whether there is somebody of that name or not.
CREATE TABLE login_failures (
    name TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,       -- in a row
    locked_until_us BIGINT NOT NULL,
    last_us BIGINT NOT NULL
);
CREATE INDEX login_failures_last ON login_failures (last_us);

CREATE TABLE sessions (
    secret BYTEA PRIMARY KEY,       -- SHA-256 of the cookie's value
    person TEXT NOT NULL REFERENCES people (name),
    is_secure BIGINT NOT NULL,      -- began over TLS, and isn't taken without
    made_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires_us);
CREATE INDEX sessions_person ON sessions (person);

CREATE TABLE tokens (
    id IDENTITY,
    person TEXT NOT NULL REFERENCES people (name),
    title TEXT NOT NULL,
    secret BYTEA NOT NULL,          -- SHA-256
    made_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    revoked_us BIGINT
);
CREATE INDEX tokens_person ON tokens (person);

CREATE TABLE token_roles (
    token BIGINT NOT NULL REFERENCES tokens (id),
    product TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (token, product, role)
);

CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    time_us BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    product TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,           -- JSON, '{}' for none
    hash BYTEA NOT NULL
);
CREATE INDEX audit_product ON audit (product, number);

CREATE TABLE events (
    id BIGINT PRIMARY KEY,
    time_us BIGINT NOT NULL,
    product TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL              -- JSON, '{}' for none
);
CREATE INDEX events_product ON events (product, id);
CREATE INDEX events_time ON events (time_us);

-- Numbers that rise without gaps in the order of commits: 'events', 'audit'. 'restores' counts
-- restored backups, each of which begins a new epoch of every enrolment.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('events', 0);
INSERT INTO counters (name, value) VALUES ('audit', 0);
INSERT INTO counters (name, value) VALUES ('restores', 0);
