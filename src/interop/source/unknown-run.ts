import { basename, dirname } from 'node:path';
import { RunStatus } from '../../model/run-status.js';
import { nodeFs } from '../../storage/node-fs.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { stemOf } from './source-files.js';

/**
 * The facts of a run known only as a table: its names are those of the file and its folder, its
 * time is that of the file, and it has finished.
 */
export const unknownRun = (path: string): Omit<ExchangeRun, 'fields' | 'rows'> => ({
  experiment: basename(dirname(path)),
  run: stemOf(path),
  status: RunStatus.Finished,
  startedAt: null,
  endedAt: null,
  tags: [],
  notes: '',
  group: null,
  params: {},
  source: { files: [path] },
  table: { modifiedMs: nodeFs.stat(path)?.modifiedMs ?? Date.now() },
  log: () => asyncOf([]),
});
