import { spawnSync } from 'node:child_process';

/** The Python whose pyarrow and polars read what we write. */
export const PYTHON = process.env['EXPMAN_PYTHON'] ?? 'python3';
const PROBE = 'import pyarrow, polars; print(pyarrow.__version__, polars.__version__)';

let found: boolean | undefined;

/** Whether Python with pyarrow and polars is at hand, looked for once; a visible line says so when it is not. */
export const hasPython = (): boolean => (found ??= look());

function look(): boolean {
  const { status } = spawnSync(PYTHON, ['-c', PROBE]);
  if (status === 0) return true;
  process.stderr.write(`SKIPPED: ${PYTHON} lacks pyarrow or polars, so neither checks our Parquet files\n`);
  return false;
}

/** Runs a program; it prints JSON. */
export function python(program: string, args: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', program, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${PYTHON} ended with ${String(status)}: ${stderr}`);
  return JSON.parse(stdout);
}
