import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './closing-line.js';
import { seedLine } from './seed.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

export default defineConfig({
  root,
  // Node 20 does not know `using`; the syntax must be lowered.
  oxc: { target: 'es2022' },
  resolve: {
    // The built package, because the writer thread is a worker and a worker on Node 20 loads no TypeScript.
    alias: [
      { find: /^expman-rx$/, replacement: `${dist}index.js` },
      { find: /^expman-rx\/dashboard$/, replacement: `${dist}dashboard/index.js` },
      { find: /^expman-rx\/interop$/, replacement: `${dist}interop/index.js` },
      { find: /^expman-rx\/reader$/, replacement: `${dist}reader/index.js` },
      { find: /^expman-rx\/progress$/, replacement: `${dist}stream/progress/index.js` },
      { find: /^expman-rx\/sweep$/, replacement: `${dist}sweep/index.js` },
      { find: /^expman-rx\/tfjs$/, replacement: `${dist}stream/tfjs/index.js` },
      { find: /^expman-rx\/operators$/, replacement: `${dist}stream/operators/index.js` },
      { find: /^expman-rx\/tensorboard$/, replacement: `${dist}interop/tensorboard/index.js` },
      { find: /^expman-rx\/otel$/, replacement: `${dist}interop/otel/index.js` },
    ],
  },
  test: {
    include: ['specs/**/*.spec.ts'],
    exclude: ['**/node_modules/**'],
    watch: false,
    pool: 'forks',
    setupFiles: ['specs/conventions/seed-properties.ts'],
    // Outside the transform, so that `import.meta.url` is the file's own and the worker finds its neighbours.
    server: { deps: { external: [dist] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: ['default', { onTestRunEnd: () => console.log(seedLine()) }, new ClosingLine()],
  },
});
