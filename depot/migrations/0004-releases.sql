-- SPDX-License-Identifier: Apache-2.0
-- Releases: numbered, signed, published, withdrawn.

-- The number that the next release of a product gets; rises, never falls, whatever becomes of the release.
CREATE TABLE release_numbers (
    product TEXT PRIMARY KEY REFERENCES products (name),
    next BIGINT NOT NULL
);

-- One for each signed bundle of a build, of test and production keys alike.
CREATE TABLE releases (
    product TEXT NOT NULL REFERENCES products (name),
    version BIGINT NOT NULL,        -- targets version
    build TEXT NOT NULL REFERENCES builds (id),
    stage TEXT NOT NULL,            -- the stage that asked for it
    channel TEXT NOT NULL,          -- of the TUF role PRODUCT-CHANNEL
    key_name TEXT NOT NULL,         -- the signing policy's
    key_class TEXT NOT NULL,        -- 'test', 'prod'
    kind TEXT NOT NULL,             -- 'feature', 'patch', 'emergency', 'drill'
    release_version TEXT NOT NULL,  -- what people call it
    urgency TEXT NOT NULL,
    min_installed_version BIGINT NOT NULL,
    hardware TEXT NOT NULL,         -- JSON array of ids
    notes TEXT NOT NULL,
    changes TEXT NOT NULL,          -- JSON array of {"kind","id","text"}
    state TEXT NOT NULL,            -- 'prepared', 'signing', 'signed', 'publishing', 'published', 'withdrawn', 'refused'
    state_us BIGINT NOT NULL,
    reason TEXT NOT NULL,           -- why it doesn't go on, '' when nothing is wrong
    prepared_blob TEXT NOT NULL,    -- unsigned bundle with its number
    request TEXT NOT NULL,          -- id at the signing service, '' before
    asked_stage TEXT NOT NULL DEFAULT '',   -- the envelopes that ask, kept before they are sent: asked again, they
    asked_request TEXT NOT NULL DEFAULT '', -- are the same request
    is_sent BIGINT NOT NULL DEFAULT 0,      -- the service has the request
    retry_us BIGINT NOT NULL DEFAULT 0,     -- not looked at again before
    blob TEXT NOT NULL,             -- signed bundle, '' before
    size BIGINT NOT NULL,           -- of it
    path TEXT NOT NULL,             -- of the target in the repository, '' before it is published
    role TEXT NOT NULL,             -- that lists it now: 'PRODUCT-CHANNEL-rollout' or 'PRODUCT-CHANNEL'
    is_complete BIGINT NOT NULL,    -- rolled out to everybody: PRODUCT-CHANNEL is to list it
    replaces BIGINT NOT NULL,       -- version of the withdrawn release that this one stands for; 0
    made_us BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    published_us BIGINT,
    withdrawn_us BIGINT,
    PRIMARY KEY (product, version)
);
CREATE INDEX releases_build ON releases (build, key_name);
CREATE INDEX releases_state ON releases (state, state_us);
CREATE INDEX releases_channel ON releases (product, channel, state, version);

-- When a release came to which state: how long each step took.
CREATE TABLE release_times (
    product TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    time_us BIGINT NOT NULL,        -- the first time
    PRIMARY KEY (product, version, state),
    FOREIGN KEY (product, version) REFERENCES releases (product, version)
);

-- Top-level roles of the repository as a client saw them last.
CREATE TABLE repository_roles (
    role TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    seen_us BIGINT NOT NULL
);
