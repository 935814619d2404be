import { amendRunBy } from '../../reader/amend-run.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { RunChange } from '../api.js';
import type { RunPlace } from './data-messages.js';

/** Changes tags and notes of a closed run. @throws ExpmanError as {@link amendRunBy} does */
export function changeRun({ runDir }: RunPlace, { tags, notes }: RunChange): void {
  amendRunBy(nodeFs, runDir, { tags, notes });
}
