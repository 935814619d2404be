import { basename, dirname } from 'node:path';
import { RunStatus } from '../../model/run-status.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { stemOf } from './source-files.js';

/** What is said of a run of which there is but a table: the names of the file and its folder, and that it is over. */
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
