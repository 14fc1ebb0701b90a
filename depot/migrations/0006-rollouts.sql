-- SPDX-License-Identifier: Apache-2.0
-- Rollouts, their phases, what was looked at, and each device's outcome.

CREATE TABLE rollouts (
    id IDENTITY,
    product TEXT NOT NULL REFERENCES products (name),
    version BIGINT NOT NULL,        -- of the release
    device_group TEXT NOT NULL,
    is_emergency BIGINT NOT NULL,
    plan TEXT NOT NULL,             -- JSON: phases, health, rate_per_hour, deadline (DEPOT.md, section 6)
    state TEXT NOT NULL,            -- 'draft', 'scheduled', 'running', 'paused', 'halted', 'done', 'aborted'
    state_us BIGINT NOT NULL,
    reason TEXT NOT NULL,           -- of the state, for people
    by_rule BIGINT NOT NULL,        -- the health rule halted it, and nobody
    needs_decision BIGINT NOT NULL,
    phase BIGINT NOT NULL,          -- counted from 0
    start_us BIGINT,                -- when scheduled
    made_us BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    revision BIGINT NOT NULL,       -- rises with every change
    FOREIGN KEY (product, version) REFERENCES releases (product, version)
);
CREATE INDEX rollouts_state ON rollouts (state, id);
CREATE INDEX rollouts_product ON rollouts (product, id);

CREATE TABLE rollout_phases (
    rollout BIGINT NOT NULL,
    phase BIGINT NOT NULL,
    population BIGINT NOT NULL,     -- devices that are new in it, when it began; 0 before
    began_us BIGINT,
    passed_us BIGINT,               -- by the rule or a person; the next one begins soak_s later
    passed_by TEXT NOT NULL,        -- 'rule', a person's name, '' before
    -- What was counted before a person resumed it: the count begins anew, and looks leave these out.
    base_outcomes BIGINT NOT NULL,
    base_failures BIGINT NOT NULL,
    looked_at BIGINT NOT NULL,      -- outcomes at the last look, of those that count
    offered BIGINT NOT NULL,        -- counters, kept with the outcomes
    downloading BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    silent BIGINT NOT NULL,
    declined BIGINT NOT NULL,
    PRIMARY KEY (rollout, phase)
);

CREATE TABLE rollout_looks (
    rollout BIGINT NOT NULL,
    phase BIGINT NOT NULL,
    time_us BIGINT NOT NULL,
    outcomes BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    lower_bound DOUBLE PRECISION NOT NULL,
    upper_bound DOUBLE PRECISION NOT NULL,
    verdict TEXT NOT NULL,          -- 'unsure', 'good', 'bad'
    PRIMARY KEY (rollout, phase, time_us)
);

-- A device in a rollout: from its first report that names it on.
CREATE TABLE rollout_devices (
    rollout BIGINT NOT NULL,
    product TEXT NOT NULL,
    device TEXT NOT NULL,
    phase BIGINT NOT NULL,
    state TEXT NOT NULL,            -- 'downloading', 'installing', 'succeeded', 'failed', 'silent', 'declined'
    reason TEXT NOT NULL,
    began_us BIGINT NOT NULL,
    ended_us BIGINT,
    attempt BIGINT NOT NULL,        -- from 1; retry of the failed begins the next
    PRIMARY KEY (rollout, device)
);
CREATE INDEX rollout_devices_state ON rollout_devices (rollout, state, began_us);
CREATE INDEX rollout_devices_device ON rollout_devices (product, device);

-- How many offers went out in an hour, taken in blocks by replicas.
CREATE TABLE rollout_rates (
    rollout BIGINT NOT NULL,
    hour_us BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (rollout, hour_us)
);
