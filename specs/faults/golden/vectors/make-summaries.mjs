// Makes runs that have a summary and definitions of metrics: see "Test vectors" in src/storage/FORMAT.md. Takes ten seconds.
//
//   npm run build && node specs/faults/golden/vectors/make-summaries.mjs && npx tsx specs/format/expect.ts
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { ExperimentConfig, LoggingEngine } from '../../../../dist/index.js';
import { changed, packed } from './pack.mjs';

/** A run.yaml that is older than this is written with the next publish. */
const HEARTBEAT_MS = 5_000;

const base = mkdtempSync(join(tmpdir(), 'expman-vectors-'));
// Nothing else keeps the process alive meanwhile, and a process that runs dry closes its runs.
const alive = setInterval(() => undefined, 1000);
const run = new LoggingEngine(
  new ExperimentConfig('vectors', base, { environment: false, runName: 'cut-off', flushIntervalMs: 500 }),
);
const runFile = () => readFileSync(join(run.runDir, 'run.yaml'), 'utf8');

let calls = 0;
/** Logs a row under names that patterns match or do not, and waits until it is published. */
async function publish() {
  for (const more of [
    { 'm😀': 1, 'a*b': 2, azb: 3, loss: 4 },
    { 'val/loss': 5, 'val/acc/top': 6, 'Val/loss': 7 },
  ])
    run.logMetrics(more, calls++);
  await firstValueFrom(run.health$.pipe(filter((health) => health.published >= calls)), {
    defaultValue: null,
  });
}

run.summary({ best: 1, cases: 200, seen: 2n ** 60n, small: 7n, passed: true, model: 'größer\n"x"' });
run.summary({
  nan: NaN,
  infinite: -Infinity,
  zero: -0,
  '': 'empty',
  $odd: '1',
  'a: b': '-.inf',
  token: 'cl100k',
});
run.summary({ best: 0.5, pass_rate: 0.88, taken_back: 1 }, { headline: true });
run.summary({ taken_back: 2 }, { headline: false });
run.defineMetric('*', { x: 'time', summary: 'mean' });
run.defineMetric('val/*', { goal: 'max' });
run.defineMetric('val/l*', { goal: 'min', x: 'step', summary: 'best' });
// The name itself counts before patterns, whatever signs it has; of two that are equally close, the later one.
run.defineMetric('a*b', { goal: 'max', summary: 'last' });
run.defineMetric('a?b', { goal: 'min', x: 'epoch' });
run.defineMetric('m?', { goal: 'min' });
await delay(HEARTBEAT_MS);
await publish();
await delay(500);
if (!runFile().includes('\ndefinitions:')) throw new Error('run.yaml has no summary yet');

// Only a checkpoint has what comes now.
run.summary({ best: 0.25, only_log: 'x' }, { headline: true });
run.defineMetric('val/*', { x: 'epoch' });
await publish();
// And only records have this.
run.summary({ cases: 201, last: 9 });
run.summary({ cases: 202 }, { headline: true });
run.defineMetric('los?', { goal: 'min' });
await run.flush();
if (/0\.25|only_log/.test(runFile())) throw new Error('run.yaml was written once too often');
cpSync(run.runDir, join(base, 'vectors', 'copy'), { recursive: true });
await run.close();
clearInterval(alive);

/** Turns a bit in the piece of a checkpoint that holds the facts. @param {Buffer} bytes */
function flipped(bytes) {
  const at = bytes.indexOf('{"facts":"');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

const ODD = `summary:
  list:
    - 1
  nested:
    a: 1
  nothing: null
  __proto__: 1
  constructor: 1
  ok: true
  also: "1"
headline:
  list: true
  missing: true
  ok: 1
  also: true
definitions:
  loss: 3
  val/*:
    goal: low
    x: ""
    summary: median
    more: 1
  a*:
    goal: max
    x: 3
    summary: best
  prototype:
    goal: min
`;

/** A copy of the files of a closed run, whose run.yaml has what no run writes. @param {Record<string, string>} files */
function odd(files) {
  const text = Buffer.from(files['run.yaml'] ?? '', 'base64').toString();
  const without = text.replace(/^(summary|headline|definitions):\n( .*\n)*/gm, '');
  return {
    ...files,
    'run.yaml': Buffer.from(without.replace('# end', () => `${ODD}# end`)).toString('base64'),
  };
}

const closed = packed(run.runDir);
const cutOff = packed(join(base, 'vectors', 'copy'));
const vectors = { 'cut-off': cutOff, damaged: changed(cutOff, flipped), closed, odd: odd(closed) };
rmSync(base, { recursive: true });
const file = fileURLToPath(new URL('summaries.json', import.meta.url));
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`);
for (const [name, files] of Object.entries(vectors)) console.log(name, Object.keys(files).join(' '));
console.log(file, readFileSync(file).length);
