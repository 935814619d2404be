import { ExperimentConfig } from '../../model/experiment-config.js';
import { nodeFs } from '../../storage/node-fs.js';
import { amendRunFile } from '../../run/amend-run-file.js';
import type { RunChange } from '../api.js';
import type { RunPlace } from './data-messages.js';

/**
 * Changes tags and notes of a closed run.
 *
 * @throws ExpmanError `INVALID_OPTION` for tags that a run may not have, and as {@link
 * amendRunFile} does
 */
export function changeRun({ runDir }: RunPlace, { tags, notes }: RunChange): void {
  // The rules for tags and notes are those of a new run.
  const checked = new ExperimentConfig('any', '.', {
    ...(tags !== undefined && { tags: [...new Set(tags)] }),
    ...(notes !== undefined && { notes }),
  });
  amendRunFile(nodeFs, runDir, (file) => ({
    ...file,
    ...(tags !== undefined && { tags: checked.tags }),
    ...(notes !== undefined && { notes: checked.notes }),
  }));
}
