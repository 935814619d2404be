import { recoverRun } from 'expman-rx/reader';
import { checkRun, checkTidy, must } from './check-run.js';

/** What a recovery of a run that has ended must leave: the same rows and status, nothing else, and nothing more to do. */
export async function checkWholeness(runDir: string, rows: number, status: string, index = 0): Promise<void> {
  const recovered = await recoverRun(runDir);
  must(
    recovered.status === status,
    'I5',
    () => `${runDir} read as ${status} and was recovered as ${recovered.status}`,
  );
  const after = await checkRun(runDir, 'plain', index, rows);
  must(after.rows === rows, 'I6', () => `${runDir}: ${after.rows} rows after a recovery, ${rows} before`);
  checkTidy(runDir);
  must(!(await recoverRun(runDir)).changed, 'I6', () => `${runDir}: a second recovery changed something`);
}
