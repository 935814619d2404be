import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Dashboard } from 'expman-rx/dashboard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, dashboards, idOf, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('hostile-runs');
const source = tempFolders('hostile-runs-source', afterAll);
const serve = dashboards();
const GB = 1024 ** 3;

/** What somebody else's archive may hold in place of a file. */
const KINDS: Readonly<Record<string, (path: string) => void>> = {
  nothing: (path) => {
    writeFileSync(path, '');
  },
  nonsense: (path) => {
    writeFileSync(path, Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 251)));
  },
  'a folder': (path) => {
    mkdirSync(path);
  },
  'a link to elsewhere': (path) => {
    symlinkSync('/etc/passwd', path);
  },
  'a link to itself': (path) => {
    symlinkSync(path, path);
  },
  'a pipe nobody writes to': (path) => {
    execFileSync('mkfifo', [path]);
  },
  'eight gigabytes of nothing': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 8 * GB);
  },
};
const FILES = [
  ...['run.yaml', 'config.yaml', 'metrics.parquet', 'system.parquet', 'run.log', 'run.lock'],
  ...['artifacts', 'media', 'media/manifest.ndjson', '../sweep.yaml', 'wal-000001.log'],
];

const pathsOf = (id: string): string[] => [
  ...['', '/logs', '/logs?level=warn&text=x', '/system', '/histograms?metric=weights'].map(
    (part) => `/api/runs/${id}${part}`,
  ),
  ...['loss', 'weights', 'nothing'].map((metric) => `/api/series?runs=${id}&metric=${metric}`),
  ...[`/api/series?runs=${id}&metric=loss&x=time`, `/files/${id}/artifacts/model.txt`],
  ...['/api/experiments', `/api/experiments/${id.split('/')[0] ?? ''}/sweep`, '/api/runs'],
];

/** Asks all there is to ask about a run: every answer is one, and tells no path and no stack. */
async function askAll(dashboard: Dashboard, id: string): Promise<void> {
  for (const path of pathsOf(id)) {
    const answer = await ask(dashboard, path);
    const text = await answer.text();
    expect([200, 404, 409, 422, 500]).toContain(answer.status);
    if (!answer.ok)
      expect([path, text]).toEqual([path, expect.not.stringMatching(/\/tmp|\.js:|passwd|root:/)]);
    expect(text).not.toContain('root:x:');
  }
}

describe('a run folder that came from somebody else', () => {
  let original: string;
  beforeAll(async () => {
    const run = openRun(source(), { runName: 'one', systemMetrics: { intervalMs: 100 } });
    run.logParams({ lr: 0.1 });
    run.logger.info('begun');
    for (let step = 0; step < 500; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
    run.logHistogram('weights', [1, 2, 3], 1);
    run.logTable('worst', [{ id: 1 }], 1);
    await run.saveArtifact('model.txt', Buffer.from('weights'));
    await run.close();
    original = run.runDir;
  });

  it.each(Object.keys(KINDS))(
    'with %s where a file is takes no other run with it, and holds nobody up',
    async (kind) => {
      const dir = folder();
      for (const [at, file] of FILES.entries()) {
        const runDir = join(dir, `exp${at}`, 'one');
        cpSync(original, runDir, { recursive: true });
        rmSync(join(runDir, file), { recursive: true, force: true });
        KINDS[kind]?.(join(runDir, file));
      }
      cpSync(original, join(dir, 'good/one'), { recursive: true });
      const dashboard = await serve(dir);
      for (const at of FILES.keys()) await askAll(dashboard, `exp${at}/one`);
      // Those of its files that say nothing of what it is take nothing but themselves away.
      for (const file of ['system.parquet', 'media', 'media/manifest.ndjson', '../sweep.yaml', 'artifacts'])
        expect([file, (await ask(dashboard, `/api/runs/exp${FILES.indexOf(file)}/one`)).status]).toEqual([
          file,
          200,
        ]);
      const { series } = (await (await ask(dashboard, '/api/series?runs=good/one&metric=loss')).json()) as {
        readonly series: readonly { readonly values: number }[];
      };
      expect(series.map(({ values }) => values)).toEqual([500]);
    },
  );

  it('with bytes that were changed anywhere has its answers, or a reason', async () => {
    const dir = folder();
    const runDir = join(dir, 'exp/one');
    const dashboard = await serve(dir);
    const names = readdirSync(original).filter((name) => /\.(yaml|parquet|log)$/.test(name));
    expect(names.length).toBeGreaterThan(3);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
        async (name, changes, cut) => {
          rmSync(runDir, { recursive: true, force: true });
          cpSync(original, runDir, { recursive: true });
          const bytes = readFileSync(join(original, name));
          for (const [at, value] of changes) bytes[Math.floor(at * bytes.length)] = value;
          writeFileSync(join(runDir, name), bytes.subarray(0, Math.ceil((cut ?? 1) * bytes.length)));
          await askAll(dashboard, idOf(runDir));
        },
      ),
      { numRuns: 40 },
    );
    expect((await ask(dashboard, '/api/server')).status).toBe(200);
  });
});
