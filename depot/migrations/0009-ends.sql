-- SPDX-License-Identifier: Apache-2.0
-- What goes by retention ends in the same transaction from here on; what went before, here.
UPDATE qualifications SET is_open = 0, report = '{}', reason = 'its files went by retention'
WHERE is_open = 1 AND build IN (SELECT id FROM builds WHERE removed_us IS NOT NULL);
UPDATE jobs SET state = 'cancelled', lease_until_us = 0,
    ended_us = (SELECT b.removed_us FROM builds b WHERE b.id = jobs.build)
WHERE kind = 'test' AND state IN ('queued', 'running')
    AND build IN (SELECT id FROM builds WHERE removed_us IS NOT NULL);

-- Bodies that started something are kept as long as their webhook is.
DROP INDEX webhook_calls_made;
