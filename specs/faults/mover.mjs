// Moves or copies one run; the process that is killed, or whose calls fail.
import { copyRun, moveRun } from 'expman-rx/interop';

const [work = '', runDir = '', dir = ''] = process.argv.slice(2);
try {
  const place = { experiment: 'target', dir };
  await (work === 'copy' ? copyRun(runDir, place) : moveRun(runDir, place));
} catch (error) {
  const { code = '', message = '' } = /** @type {{ code?: string, message?: string }} */ (error);
  console.error(`${code}: ${message}`);
  process.exitCode = 1;
}
