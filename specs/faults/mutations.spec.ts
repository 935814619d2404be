import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MUTATIONS } from './mutations.js';
import { scenarios } from './scenarios/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('a mutation', () => {
  it.each(MUTATIONS)('finds what it takes away, and a scenario to notice: $protection', (mutation) => {
    const { file, from, scenario } = mutation;
    expect(existsSync(root + file), file).toBe(true);
    // Without the text of the file, which a failure would print.
    expect(readFileSync(root + file, 'utf8').includes(from), `${file} has ${JSON.stringify(from)}`).toBe(
      true,
    );
    expect(scenarios.map(({ key }) => key)).toContain(scenario);
  });
});
