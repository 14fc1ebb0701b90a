-- SPDX-License-Identifier: Apache-2.0
-- Jobs of pipelines, their attempts, and what starts them: webhooks and schedules.

CREATE TABLE jobs (
    id IDENTITY,
    product TEXT NOT NULL REFERENCES products (name),
    job TEXT NOT NULL,              -- its name in the pipeline
    kind TEXT NOT NULL,             -- 'build', 'test'
    state TEXT NOT NULL,            -- 'queued', 'running', 'passed', 'warned', 'failed', 'error', 'cancelled'
    build TEXT NOT NULL,            -- that a test is about, or that a build made; '' for none yet
    ref TEXT NOT NULL,              -- of a build; '' otherwise
    git_commit TEXT NOT NULL,
    cause TEXT NOT NULL,            -- 'by hand', 'webhook', 'schedule', 'build', 'stage'
    made_us BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    labels TEXT NOT NULL,           -- JSON array: what a runner must have
    timeout_s BIGINT NOT NULL,
    retries BIGINT NOT NULL,        -- how often it is tried again by itself
    tries BIGINT NOT NULL,          -- attempts that ended in an error, since somebody queued it
    attempt BIGINT NOT NULL,        -- number of the last one; 0: none yet
    lease_until_us BIGINT NOT NULL, -- of one that is running
    ended_us BIGINT                 -- NULL: queued or running
);
CREATE INDEX jobs_state ON jobs (state, product, job, labels, id);
CREATE INDEX jobs_product ON jobs (product, id);
CREATE INDEX jobs_build ON jobs (build, id);
CREATE INDEX jobs_ended ON jobs (ended_us);

CREATE TABLE job_attempts (
    job BIGINT NOT NULL REFERENCES jobs (id),
    number BIGINT NOT NULL,         -- from 1
    runner TEXT NOT NULL,           -- as it calls itself
    machine TEXT NOT NULL,          -- whose account it has
    lease BYTEA NOT NULL,           -- SHA-256 of the secret
    began_us BIGINT NOT NULL,
    heard_us BIGINT NOT NULL,       -- last heartbeat; began_us: none yet
    ended_us BIGINT,
    outcome TEXT NOT NULL,          -- '' while it runs
    detail TEXT NOT NULL,
    note TEXT NOT NULL,             -- of the last heartbeat
    PRIMARY KEY (job, number)
);

CREATE TABLE webhooks (
    product TEXT NOT NULL REFERENCES products (name),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,             -- 'push', 'result'
    secret BYTEA NOT NULL,          -- sealed with the depot's secret
    made_us BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    called_us BIGINT,               -- last time with a good signature
    PRIMARY KEY (product, name)
);

-- Bodies that started something, so that they start nothing again.
CREATE TABLE webhook_calls (
    product TEXT NOT NULL,
    webhook TEXT NOT NULL,
    body BYTEA NOT NULL,            -- SHA-256
    jobs TEXT NOT NULL,             -- JSON array of their numbers
    made_us BIGINT NOT NULL,
    PRIMARY KEY (product, webhook, body)
);
CREATE INDEX webhook_calls_made ON webhook_calls (made_us);

-- Up to when what was due has been started, by schedule: "JOB DAYS AT REF".
CREATE TABLE job_schedules (
    product TEXT NOT NULL REFERENCES products (name),
    schedule TEXT NOT NULL,
    done_us BIGINT NOT NULL,
    PRIMARY KEY (product, schedule)
);
