-- SPDX-License-Identifier: Apache-2.0
-- Blobs, builds, and what was uploaded about them. Digests are 64 hexadecimal digits.

-- What is in the store, whole.
CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    made_us BIGINT NOT NULL,
    unnamed_us BIGINT,              -- since when nothing names it; NULL: something does
    removing_us BIGINT,             -- it is being taken out of the store, and can't be named any more
    missing_us BIGINT               -- since when the store doesn't have it, though it should
);
CREATE INDEX blobs_unnamed ON blobs (unnamed_us);

-- What keeps a blob: an artifact, a release. Blobs without a row here go after a day.
CREATE TABLE blob_names (
    sha256 TEXT NOT NULL REFERENCES blobs (sha256),
    kind TEXT NOT NULL,             -- 'artifact', 'build', 'release', ...
    subject TEXT NOT NULL,          -- unique in its kind
    PRIMARY KEY (kind, subject, sha256)
);
CREATE INDEX blob_names_sha256 ON blob_names (sha256);

-- Who has sent all bytes of a blob, and so may say what it is: knowing a digest isn't having it.
CREATE TABLE blob_senders (
    sha256 TEXT NOT NULL REFERENCES blobs (sha256),
    person TEXT NOT NULL,
    PRIMARY KEY (sha256, person)
);

-- Uploads under way, each person's own: the length that was announced with the first piece.
CREATE TABLE uploads (
    sha256 TEXT NOT NULL,
    person TEXT NOT NULL,
    size BIGINT NOT NULL,
    touched_us BIGINT NOT NULL,
    PRIMARY KEY (sha256, person)
);

CREATE INDEX uploads_person ON uploads (person);
CREATE INDEX uploads_touched ON uploads (touched_us);

-- A build stays as a row when its bundle went by retention.
CREATE TABLE builds (
    id TEXT PRIMARY KEY,            -- content digest; the product is part of what it is over
    product TEXT NOT NULL REFERENCES products (name),
    bundle TEXT NOT NULL,           -- SHA-256 of the unsigned bundle's blob
    size BIGINT NOT NULL,           -- of the bundle
    version BIGINT NOT NULL,        -- targets version that it came with; signing gives it another
    build_type TEXT NOT NULL,       -- 'release', 'debug', ..., '' for none
    hardware TEXT NOT NULL,         -- JSON array of ids
    targets TEXT NOT NULL,          -- JSON array of {"name","slot","length","sha256","version"}
    made_us BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    removed_us BIGINT,              -- its artifacts went by retention
    -- The pipeline's: 'new', a stage, 'failed', 'withdrawn'; since when; the furthest stage that it
    -- ever entered: 0 none, 1 daily, 2 internal, 3 candidate, 4 production.
    state TEXT NOT NULL,
    state_us BIGINT NOT NULL,
    furthest BIGINT NOT NULL
);
CREATE INDEX builds_product ON builds (product, made_us, id);
CREATE INDEX builds_state ON builds (product, state);

-- Endorsements, test results, SBOMs, logs. '' and 0 where a column isn't this kind's.
CREATE TABLE artifacts (
    id IDENTITY,
    product TEXT NOT NULL REFERENCES products (name),
    kind TEXT NOT NULL,             -- 'endorsement', 'test-result', 'sbom', 'log'
    build TEXT NOT NULL,            -- '' for a log of a job without a build
    job BIGINT NOT NULL,            -- 0: of none
    name TEXT NOT NULL,             -- unique for kind, build and job
    blob TEXT NOT NULL,             -- SHA-256
    size BIGINT NOT NULL,
    made_us BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    -- endorsement: nobody checked who signed it; the signing service's policy does
    builder TEXT NOT NULL,
    source TEXT NOT NULL,
    git_commit TEXT NOT NULL,
    -- test-result
    suite TEXT NOT NULL,
    outcome TEXT NOT NULL,          -- 'PASSED', 'WARNED', 'FAILED'
    url TEXT NOT NULL,
    -- endorsement and test-result: SHA-256 of the keys that the envelope names, JSON array of hex
    signers TEXT NOT NULL,
    -- sbom
    format TEXT NOT NULL,           -- 'spdx-2.3', 'cyclonedx-1.6', ...
    packages BIGINT NOT NULL        -- how many it lists
);
CREATE UNIQUE INDEX artifacts_name ON artifacts (product, kind, build, job, name);
CREATE INDEX artifacts_build ON artifacts (build, kind, id);
CREATE INDEX artifacts_job ON artifacts (job, kind, id);
CREATE INDEX artifacts_time ON artifacts (kind, made_us);
CREATE INDEX artifacts_blob ON artifacts (blob);

-- What SBOMs list.
CREATE TABLE sbom_packages (
    artifact BIGINT NOT NULL,
    number BIGINT NOT NULL,         -- in the order of the SBOM
    build TEXT NOT NULL,
    package TEXT NOT NULL,          -- purl without version, qualifiers and subpath; '' without purl
    name TEXT NOT NULL,
    version TEXT NOT NULL,          -- '' when it doesn't say
    purl TEXT NOT NULL,             -- as it stands there
    PRIMARY KEY (artifact, number)
);
CREATE INDEX sbom_packages_package ON sbom_packages (package, build);
CREATE INDEX sbom_packages_name ON sbom_packages (name, build);
CREATE INDEX sbom_packages_build ON sbom_packages (build);
