import { spawnSync } from 'node:child_process';

/** The Python whose pyarrow and polars read what we write. */
export const PYTHON = process.env['EXPMAN_PYTHON'] ?? 'python3';

const found = new Map<string, boolean>();

/** Whether Python with pyarrow and polars is at hand, looked for once; a visible line says so when it is not. */
export const hasPython = (): boolean => hasModules('pyarrow, polars', 'neither checks our Parquet files');

/** Whether Python with pyarrow is at hand; as {@link hasPython}. */
export const hasPyarrow = (): boolean => hasModules('pyarrow', 'the second reader of runs does not run');

/** Whether Python with tensorboard and tensorboardX is at hand; as {@link hasPython}. */
export const hasTensorBoard = (): boolean =>
  hasModules('tensorboard, tensorboardX', 'neither reads or writes event files with us');

/** Whether Python with optuna is at hand; as {@link hasPython}. */
export const hasOptuna = (): boolean => hasModules('optuna', 'a bench does not compare with it');

function hasModules(modules: string, so: string): boolean {
  let has = found.get(modules);
  if (has === undefined) {
    has = spawnSync(PYTHON, ['-c', `import ${modules}`]).status === 0;
    found.set(modules, has);
    if (!has) process.stderr.write(`SKIPPED: ${PYTHON} lacks one of ${modules}, so ${so}\n`);
  }
  return has;
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
