-- SPDX-License-Identifier: Apache-2.0
-- What large fleets are counted by, without a look at the table.

-- Has all columns of the counts; searches by state use it too.
DROP INDEX devices_state;
CREATE INDEX devices_counts ON devices (product, state, healthy, hardware, channel, version, boot_state);
-- Few devices wait with another key.
CREATE INDEX devices_replacements ON devices (product) WHERE new_key_pem <> '';
CREATE INDEX devices_failing ON devices (product) WHERE healthy = 0;
-- How a fleet came to its versions.
CREATE INDEX rollout_devices_ended ON rollout_devices (rollout, state, ended_us);
