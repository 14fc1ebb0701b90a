-- SPDX-License-Identifier: Apache-2.0
-- Devices, and what they said of themselves. Addresses are kept nowhere.

CREATE TABLE devices (
    product TEXT NOT NULL REFERENCES products (name),
    id TEXT NOT NULL,
    state TEXT NOT NULL,            -- 'registered' (key known, never seen), 'pending', 'enrolled', 'revoked'
    key_pem TEXT NOT NULL,          -- public key that reports verify by; '' for none yet
    new_key_pem TEXT NOT NULL,      -- of a replacement that waits for a person; ''
    epoch BIGINT NOT NULL,          -- of the enrolment; 0 before the first
    restores BIGINT NOT NULL,       -- counters.restores when it enrolled: another value ends the epoch
    secret BYTEA,                   -- SHA-256 of the check-in secret of this epoch
    class TEXT NOT NULL,            -- 'dev', 'test', 'prod'
    hardware TEXT NOT NULL,
    channel TEXT NOT NULL,          -- what it takes its releases from
    attributes TEXT NOT NULL,       -- JSON object of texts, as reported
    tags TEXT NOT NULL,             -- JSON array of texts, those of device_tags
    utc_offset_s BIGINT NOT NULL,   -- as reported, for maintenance windows
    version BIGINT NOT NULL,        -- confirmed targets version; 0 for none
    root_version BIGINT NOT NULL,
    boot_state TEXT NOT NULL,       -- 'confirmed', 'trial', 'rolled-back', '' before the first report
    slots TEXT NOT NULL,            -- JSON array of {"name","slot","version","sha256"}
    sequence BIGINT NOT NULL,       -- of its last report that was taken, in this epoch
    report BYTEA,                   -- SHA-256 of that report's payload
    report_answer TEXT NOT NULL,    -- what it was answered
    reported_us BIGINT,
    seen_us BIGINT,                 -- last check-in; written in batches
    healthy BIGINT NOT NULL,        -- its last outcome wasn't a failure, and its boot state is confirmed
    pin BIGINT NOT NULL,            -- highest version that it may be offered; 0 for no pin
    log_wanted BIGINT NOT NULL,
    enrolled_us BIGINT,
    made_us BIGINT NOT NULL,
    PRIMARY KEY (product, id)
);
CREATE INDEX devices_version ON devices (product, version);
CREATE INDEX devices_seen ON devices (product, seen_us);
CREATE INDEX devices_state ON devices (product, state);

CREATE TABLE device_tags (
    product TEXT NOT NULL,
    device TEXT NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (product, device, tag),
    FOREIGN KEY (product, device) REFERENCES devices (product, id)
);
CREATE INDEX device_tags_tag ON device_tags (product, tag, device);

-- A group is a query (DEPOT.md, section 6) and what its devices' consumers are asked.
CREATE TABLE groups (
    product TEXT NOT NULL REFERENCES products (name),
    name TEXT NOT NULL,
    query TEXT NOT NULL,            -- JSON
    consent TEXT NOT NULL,          -- 'ask', 'administrator', 'automatic'
    windows TEXT NOT NULL,          -- JSON array of {"days","from","to"}, the device's local time; [] for always
    made_us BIGINT NOT NULL,
    PRIMARY KEY (product, name)
);

CREATE TABLE enrolment_tokens (
    id IDENTITY,
    product TEXT NOT NULL REFERENCES products (name),
    secret BYTEA NOT NULL,          -- SHA-256
    title TEXT NOT NULL,
    class TEXT NOT NULL,
    tags TEXT NOT NULL,             -- JSON array, given to its devices
    channel TEXT NOT NULL,
    uses_left BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    made_us BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    revoked_us BIGINT
);
CREATE UNIQUE INDEX enrolment_tokens_secret ON enrolment_tokens (secret);

-- A device's timeline: reports that changed something.
CREATE TABLE device_history (
    product TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    time_us BIGINT NOT NULL,
    kind TEXT NOT NULL,             -- 'enrol', 'state', 'progress', 'outcome', 'consent'
    release BIGINT NOT NULL,        -- 0 for none
    rollout BIGINT NOT NULL,        -- 0 for none
    data TEXT NOT NULL,             -- JSON
    PRIMARY KEY (product, device, epoch, sequence)
);
CREATE INDEX device_history_time ON device_history (time_us);

-- Who agreed to what and when: the consumer on the device, or a person here.
CREATE TABLE consents (
    id IDENTITY,
    product TEXT NOT NULL,
    device TEXT NOT NULL,           -- '' for a whole group
    device_group TEXT NOT NULL,     -- '' for one device
    release BIGINT NOT NULL,
    decision TEXT NOT NULL,         -- 'yes', 'no'
    by_device BIGINT NOT NULL,      -- the consumer said it, on the device; else a person here
    who TEXT NOT NULL,              -- as the device says, or a person's name
    time_us BIGINT NOT NULL
);
CREATE INDEX consents_device ON consents (product, device, release);
CREATE INDEX consents_group ON consents (product, device_group, release);

-- Logs that devices sent because a person asked; they go after the product's log_days.
CREATE TABLE device_logs (
    id IDENTITY,
    product TEXT NOT NULL,
    device TEXT NOT NULL,
    time_us BIGINT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX device_logs_device ON device_logs (product, device, id);
CREATE INDEX device_logs_time ON device_logs (time_us);
