import { readFileSync, readdirSync } from 'node:fs';
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
 * What a spec says that counts what its process has, or changes what others in it use: clocks and timers, standard streams, environment,
 * working folder, listeners. Such a file has a process of its own. All others run one after the other in a process for each worker:
 * nearly half of the time of all was that of loading and compiling the package again.
 */
const NEEDS_OWN_PROCESS = new RegExp(
  [
    String.raw`spyOn\((?:performance|globalThis|process|console|Date|Atomics|Math)\b|useFakeTimers|stubEnv|stubGlobal|vi\.mock`,
    String.raw`process\.(?:emit|on|once|chdir|umask|setuid)\(|process\.(?:stderr|stdout|stdin|env\[[^\]]+\]|exitCode)(?:\.\w+)? = `,
    String.raw`delete process\.env|Object\.assign\(process|openFilesIn|threads\(\)|listenerCount|getActiveResources|memoryUsage|readSystemMetrics`,
  ].join('|'),
);
const OWN = readdirSync(`${root}/specs`, { recursive: true, encoding: 'utf8' })
  .map((name) => `specs/${name.replaceAll('\\', '/')}`)
  .filter(
    (path) => path.endsWith('.spec.ts') && NEEDS_OWN_PROCESS.test(readFileSync(`${root}/${path}`, 'utf8')),
  )
  .filter((path) => !path.startsWith('specs/dashboard/browser/'));
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
      {
        extends: true,
        test: { name: 'shared', include: ALL, exclude: [...OWN, ...BROWSER], isolate: false },
      },
      { extends: true, test: { name: 'browser', include: BROWSER, isolate: false } },
      { extends: true, test: { name: 'own', include: OWN } },
    ],
    watch: false,
    pool: 'forks',
    // One more than processors: specs wait for a child process or a disk a quarter of their time.
    maxWorkers: availableParallelism() + 1,
    setupFiles: ['specs/conventions/seed-properties.ts'],
    // Outside the transform, so that `import.meta.url` is the file's own and the worker finds its neighbours.
    server: { deps: { external: [dist] } },
    // They end what hangs, and no more than that: on a machine with ten times as much to do, a minute was too short.
    testTimeout: 400_000,
    hookTimeout: 400_000,
    expect: { poll: { timeout: 300_000 } },
    teardownTimeout: 10_000,
    reporters: ['default', { onTestRunEnd: () => console.log(seedLine()) }, new ClosingLine()],
  },
});
