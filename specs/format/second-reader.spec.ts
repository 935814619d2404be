import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PYTHON, hasPyarrow } from '../support/python.js';

const CHECK = fileURLToPath(new URL('check.py', import.meta.url));

describe('a second reader, written in Python from FORMAT.md alone', () => {
  it.skipIf(!hasPyarrow())('says of every vector what this package says', () => {
    const { status, stdout, stderr } = spawnSync(PYTHON, ['-B', CHECK], { encoding: 'utf8' });

    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^(\d+) of \1 vectors agree$/m);
  });
});
