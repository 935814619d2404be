// Makes the golden runs that two versions had their hands on: what an older one leaves of a newer one's run, and the other way round.
//
//   npm run build && node specs/faults/golden/between-versions/make.mjs OLD      OLD is a checkout of the older version, built
//
// expman-rx 0.1.0 is commit 0bba3e8. Writes OLD's version as between-versions/VERSION.json.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const old = resolve(process.argv[2] ?? '');
const here = fileURLToPath(new URL('../../../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(old, 'package.json'), 'utf8'));
const base = mkdtempSync(join(tmpdir(), 'expman-between-'));

/**
 * Logs rows of a run in a process of its own, and closes it or is killed.
 *
 * @param {string} package_
 * @param {string} runName
 * @param {{ from: number, published: number, to: number, closes: boolean }} plan
 */
async function log(package_, runName, { from, published, to, closes }) {
  const source = `
    import { filter, firstValueFrom } from 'rxjs';
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(join(package_, 'dist/index.js'))};
    import { rowOf } from ${JSON.stringify(join(here, 'specs/faults/rows.mjs'))};
    const run = new LoggingEngine(new ExperimentConfig('faults', ${JSON.stringify(base)}, {
      environment: false, runName: ${JSON.stringify(runName)}, resume: 'allow', flushIntervalMs: 500,
    }));
    setInterval(() => undefined, 1000);
    const rows = (from, to) => { for (let step = from; step < to; step++) run.logMetrics(rowOf('mixed', 0, step), step); };
    rows(${from}, ${published});
    run.logParams({ of: { ${JSON.stringify(`step${from}`)}: 1 } });
    run.logger.info('from ${from}');
    if (${published - from} > 0)
      await firstValueFrom(run.health$.pipe(filter(({ published }) => published >= ${published - from})));
    rows(${published}, ${to});
    await run.flush();
    if (${closes}) await run.close();
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    cwd: here,
    stdio: 'inherit',
  });
  await new Promise((done) => child.once('exit', done));
}

/** @param {string} runName */
const recover = (runName) => {
  try {
    execFileSync(process.execPath, [
      join(old, 'dist/cli/expman.js'),
      'recover',
      join(base, 'faults', runName),
    ]);
  } catch {
    // Its exit code says that files of the run are corrupt to it.
  }
};

/** @param {string} runName */
function packed(runName) {
  const folder = join(base, 'faults', runName);
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.endsWith('.tmp'))
      .map((name) => {
        const bytes = readFileSync(join(folder, name));
        const lock = name === 'run.lock' ? { ...JSON.parse(bytes.toString()), host: 'golden' } : null;
        return [name, (lock === null ? bytes : Buffer.from(JSON.stringify(lock))).toString('base64')];
      }),
  );
}

const CUT_OFF = { from: 0, published: 80, to: 120, closes: false };
await log(old, 'resumed-by-old', { ...CUT_OFF, closes: true });
await log(old, 'resumed-by-old', { from: 120, published: 140, to: 160, closes: false });
await log(here, 'recovered-by-old', CUT_OFF);
recover('recovered-by-old');
await log(here, 'closed-by-old', CUT_OFF);
await log(old, 'closed-by-old', { from: 120, published: 140, to: 160, closes: true });
await log(here, 'killed-under-old', CUT_OFF);
await log(old, 'killed-under-old', { from: 120, published: 140, to: 160, closes: false });
const names = ['resumed-by-old', 'recovered-by-old', 'closed-by-old', 'killed-under-old'];
const file = fileURLToPath(new URL(`${version}.json`, import.meta.url));
writeFileSync(
  file,
  `${JSON.stringify(Object.fromEntries(names.map((name) => [name, packed(name)])), null, 2)}\n`,
);
rmSync(base, { recursive: true });
console.log(file, readFileSync(file).length);
