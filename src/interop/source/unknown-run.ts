import { basename, dirname } from 'node:path';
import { RunStatus } from '../../model/run-status.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { stemOf } from './source-files.js';

/**
 * The facts of a run known only as a table: its names are those of the file and its folder, and it
 * has finished.
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
  log: () => asyncOf([]),
});
