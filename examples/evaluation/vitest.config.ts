// npx vitest run --config examples/evaluation/vitest.config.ts; one case is wrong, so that there is something to see.
import { ExpmanReporter } from 'expman-rx/vitest';
import { defineConfig } from 'vitest/config';

const baseDir = process.env['EXAMPLE_DIR'] ?? './experiments';

export default defineConfig({
  test: {
    dir: 'examples/evaluation',
    include: ['**/*.eval.ts'],
    reporters: ['default', new ExpmanReporter({ experiment: 'arithmetic', baseDir, tags: ['example'] })],
  },
});
