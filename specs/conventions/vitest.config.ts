import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './closing-line.js';
import { ENTRIES } from './entries.mjs';
import { seedLine } from './seed.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const modules = `${dist}modules/`;

/**
 * Specs that change nothing of their process, and run in one after the other: most of the time of such a file was that
 * of loading Arrow, RxJS and the rest again.
 */
const SHARED = [
  'specs/channel/channel.spec.ts',
  'specs/columnar/**/*.spec.ts',
  'specs/dashboard/page/**/*.spec.ts',
  'specs/model/**/*.spec.ts',
  'specs/pure/**/*.spec.ts',
  'specs/reader/where/**/*.spec.ts',
  'specs/run/**/*.spec.ts',
  'specs/storage/parquet/**/*.spec.ts',
  'specs/storage/{wal,yaml-file,yaml-subset}.spec.ts',
  'specs/stream/**/*.spec.ts',
  'specs/sweep/{after,beats,normal-law,schedulers,searchers,space}.spec.ts',
  'specs/writer/{publish-gate,ration,recovery,wal-stage}.spec.ts',
];
/** They share a browser as well. */
const BROWSER = ['specs/dashboard/browser/**/*.spec.ts'];
const ALL = ['specs/**/*.spec.ts'];

export default defineConfig({
  root,
  // Node 20 does not know `using`; the syntax must be lowered.
  oxc: { target: 'es2022' },
  resolve: {
    // Built, because the writer thread is a worker and a worker on Node 20 loads no TypeScript; its modules, so that a spec
    // can look into one. The programs that specs start use the package as it is published.
    alias: ENTRIES.map(({ name, module }) => ({
      find: new RegExp(`^${name}$`),
      replacement: `${modules}${module}.js`,
    })),
  },
  test: {
    projects: [
      { extends: true, test: { name: 'shared', include: SHARED, isolate: false } },
      { extends: true, test: { name: 'browser', include: BROWSER, isolate: false } },
      { extends: true, test: { name: 'own', include: ALL, exclude: [...SHARED, ...BROWSER] } },
    ],
    watch: false,
    pool: 'forks',
    // One more than processors: specs wait for a child process or a disk a quarter of their time.
    maxWorkers: availableParallelism() + 1,
    setupFiles: ['specs/conventions/seed-properties.ts'],
    // Outside the transform, so that `import.meta.url` is the file's own and the worker finds its neighbours.
    server: { deps: { external: [dist] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: ['default', { onTestRunEnd: () => console.log(seedLine()) }, new ClosingLine()],
  },
});
