// Makes the golden runs of this version, once, when it is released: what later versions must still open.
//
//   npm run build && node specs/faults/golden/make.mjs      writes specs/faults/golden/VERSION.json
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { ExperimentConfig, LoggingEngine } from '../../../dist/index.js';
import { rowOf } from '../rows.mjs';
import { packed } from './vectors/pack.mjs';

const base = mkdtempSync(join(tmpdir(), 'expman-golden-'));
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

/** @param {string} runName @param {number} rows */
async function begin(runName, rows) {
  const config = new ExperimentConfig('golden', base, {
    environment: false,
    runName,
    flushIntervalMs: 500,
    tags: ['golden'],
    notes: 'kept for later versions',
  });
  const run = new LoggingEngine(config);
  for (let step = 0; step < rows; step++) run.logMetrics(rowOf('mixed', 0, step), step);
  run.logParams({ model: { layers: 3 }, rate: 1e-5 });
  run.logger.info('a line');
  await run.saveArtifact('note.txt', Buffer.from('an artifact'));
  return run;
}

/** @param {string} runName */
const filesOf = (runName) => packed(join(base, 'golden', runName));

const closed = await begin('closed', 120);
await closed.close();
const cutOff = await begin('cut-off', 80);
// Nothing else keeps the process alive meanwhile, and a process that runs dry closes its runs.
const alive = setInterval(() => undefined, 1000);
await firstValueFrom(cutOff.health$.pipe(filter(({ published }) => published >= 80)), { defaultValue: null });
for (let step = 80; step < 120; step++) cutOff.logMetrics(rowOf('mixed', 0, step), step);
await cutOff.flush();
const golden = { closed: filesOf('closed'), 'cut-off': filesOf('cut-off') };
await cutOff.close();
clearInterval(alive);
rmSync(base, { recursive: true });
const file = fileURLToPath(new URL(`${version}.json`, import.meta.url));
writeFileSync(file, `${JSON.stringify(golden, null, 2)}\n`);
console.log(file, readFileSync(file).length);
