import type { PlantedBug } from '../bug.js';
import { KNOWN_REQUESTS_BUGS } from './known-requests.js';
import { LOG_BUGS } from './log.js';
import { NORMAL_CASE_BUGS } from './normal-case.js';
import { ORDERING_BUGS } from './ordering.js';
import { RECORDS_BUGS } from './records.js';
import { RECOVERY_BUGS } from './recovery.js';
import { LATE_READING_BUGS } from './late-reading.js';
import { STORAGE_BUGS } from './storage.js';
import { SWITCHOVER_BUGS } from './switchover.js';
import { TUPLES_BUGS } from './tuples.js';
import { VIEW_CHANGE_BUGS } from './view-change.js';

/** Every planted bug, by the part of the system that it spoils. */
export const BUGS: readonly PlantedBug[] = [
  ...NORMAL_CASE_BUGS,
  ...VIEW_CHANGE_BUGS,
  ...SWITCHOVER_BUGS,
  ...RECOVERY_BUGS,
  ...STORAGE_BUGS,
  ...LATE_READING_BUGS,
  ...ORDERING_BUGS,
  ...KNOWN_REQUESTS_BUGS,
  ...LOG_BUGS,
  ...TUPLES_BUGS,
  ...RECORDS_BUGS,
];
