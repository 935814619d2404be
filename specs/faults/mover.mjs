// Moves or copies one run, or merges it with the one beside it; the process that is killed, or whose calls fail.
import { dirname, join } from 'node:path';
import { copyRun, mergeRuns, moveRun } from 'expman-rx/interop';

const [work = '', runDir = '', dir = ''] = process.argv.slice(2);
try {
  const place = { experiment: 'target', dir };
  if (work === 'merge')
    await mergeRuns([runDir, join(dirname(runDir), 'two')], join(dir, 'target/one'), { order: 'given' });
  else await (work === 'copy' ? copyRun(runDir, place) : moveRun(runDir, place));
} catch (error) {
  const { code = '', message = '' } = /** @type {{ code?: string, message?: string }} */ (error);
  console.error(`${code}: ${message}`);
  process.exitCode = 1;
}
