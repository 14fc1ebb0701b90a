-- SPDX-License-Identifier: Apache-2.0
-- Pipelines, and how far builds have come in them.

-- A product's pipeline, every version that there was: a build keeps the one that it began under.
CREATE TABLE pipelines (
    product TEXT NOT NULL REFERENCES products (name),
    version BIGINT NOT NULL,
    document TEXT NOT NULL,         -- JSON (DEPOT.md, section 5)
    made_us BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    PRIMARY KEY (product, version)
);

-- A build on its way.
CREATE TABLE qualifications (
    build TEXT PRIMARY KEY REFERENCES builds (id),
    product TEXT NOT NULL REFERENCES products (name),
    pipeline BIGINT NOT NULL,       -- its version
    kind TEXT NOT NULL,             -- 'feature', 'patch', 'emergency', 'drill'
    changes TEXT NOT NULL,          -- JSON array of {"kind","id","text"}
    is_open BIGINT NOT NULL,        -- there is a stage ahead of it, and it neither failed nor was withdrawn
    report TEXT NOT NULL,           -- JSON: the next stage's gates as they were last seen, and why not
    reason TEXT NOT NULL,           -- why it failed or was withdrawn, '' otherwise
    began_us BIGINT NOT NULL
);
CREATE INDEX qualifications_open ON qualifications (is_open, began_us);
CREATE INDEX qualifications_product ON qualifications (product, began_us);

-- When a build entered which stage: 1 daily, 2 internal, 3 candidate, 4 production.
CREATE TABLE stage_entries (
    build TEXT NOT NULL REFERENCES builds (id),
    stage BIGINT NOT NULL,
    entered_us BIGINT NOT NULL,
    PRIMARY KEY (build, stage)
);

-- Approvals of a stage, one a person. Those of signatures are the signing service's.
CREATE TABLE approvals (
    build TEXT NOT NULL REFERENCES builds (id),
    stage TEXT NOT NULL,
    person TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_us BIGINT NOT NULL,
    comment TEXT NOT NULL,
    PRIMARY KEY (build, stage, person)
);
