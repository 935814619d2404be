// Makes runs that raised alerts, and were asked to stop: see "Test vectors" in src/storage/FORMAT.md.
//
//   npm run build && node specs/faults/golden/vectors/make-alerts.mjs && npx tsx specs/format/expect.ts
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { ExperimentConfig, LoggingEngine } from '../../../../dist/index.js';
import { stopRun } from '../../../../dist/reader.js';
import { packed } from './pack.mjs';

const base = mkdtempSync(join(tmpdir(), 'expman-vectors-'));
// Nothing else keeps the process alive meanwhile, and a process that runs dry closes its runs.
const alive = setInterval(() => undefined, 1000);

// A webhook that accepts the first alert, and never answers the others.
let posts = 0;
const server = createServer((request, response) => {
  request.resume();
  if (posts++ === 0) response.end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

/** @param {object} [options] */
const open = (options = {}) =>
  new LoggingEngine(
    new ExperimentConfig('vectors', base, {
      environment: false,
      runName: 'alerts',
      flushIntervalMs: 100,
      exitTimeoutMs: 100,
      ...options,
    }),
  );

// The alert of an owner without a webhook, then one that is sent, one that is not, and one more with repetitions.
const first = open();
first.alert('nobody to tell', { level: 'info' });
first.logMetrics({ loss: 1 }, 0);
await first.close();
const run = open({ resume: 'must', alerts: { webhook: `http://127.0.0.1:${port}/hook` } });
run.alert('sent', { text: 'with “text”\nof two lines', level: 'error' });
await firstValueFrom(run.health$.pipe(filter(({ alerts }) => alerts.sent === 1)), { defaultValue: null });
run.logMetrics({ loss: 2 }, 1);
await firstValueFrom(run.health$.pipe(filter(({ published, accepted }) => published === accepted)), {
  defaultValue: null,
});
for (let times = 0; times < 3; times++) run.alert('unsent');
run.logMetrics({ loss: 3 }, 2);
await run.flush();
const before = packed(run.runDir);
await stopRun(run.runDir, { reason: 'enough “now”' });
const asked = packed(run.runDir);
// Without the name of this machine.
const request = { ...JSON.parse(readFileSync(join(run.runDir, 'stop.request'), 'utf8')), by: 'ada@golden' };
await run.close();
const closed = packed(run.runDir);
clearInterval(alive);
server.closeAllConnections();
server.close();
rmSync(base, { recursive: true });

/** @param {unknown} content */
const base64 = (content) => Buffer.from(JSON.stringify(content)).toString('base64');

const ODD = `alerts:
  none: a text
  list:
    - 1
  untitled:
    level: error
  number:
    title: 3
  __proto__:
    title: nobody
  bare:
    title: bare
  wrong:
    title: wrong
    text: 7
    at: soon
    level: loud
    repeats: -1
    seal: 5
    sentAt: never
  half:
    title: half
    repeats: 1.5
    seal: "0"
    sentAt: "2026-01-01T00:00:00Z"
  full:
    title: full
    text: t
    at: "2026-01-01T00:00:00.000Z"
    level: info
    repeats: 4
    seal: abc
`;

/** The run.yaml of a closed run, with alerts as no run writes them. @param {string} text */
const odd = (text) => text.replace(/^alerts:\n( .*\n)*/m, '').replace('# end', () => `${ODD}# end`);

const runFile = Buffer.from(closed['run.yaml'] ?? '', 'base64').toString();
const vectors = {
  'cut-off': { ...asked, 'stop.request': base64(request) },
  // A request to an owner that is gone: the next one is not asked.
  'stop-of-another': { ...before, 'stop.request': base64({ ...request, epoch: 0 }) },
  closed: { ...closed, 'stop.request': base64({ ...request, version: 2 }) },
  odd: {
    ...closed,
    'run.yaml': Buffer.from(odd(runFile)).toString('base64'),
    'stop.request': Buffer.from('{"version":1').toString('base64'),
  },
};
const file = fileURLToPath(new URL('alerts.json', import.meta.url));
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`);
for (const [name, files] of Object.entries(vectors)) console.log(name, Object.keys(files).join(' '));
console.log(file, readFileSync(file).length);
