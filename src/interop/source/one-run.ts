import type { ExpmanError } from '../../model/errors.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { asExpmanError } from './source-files.js';

/** Yields the run at a path that holds one run or, if it cannot be read, the error. */
export async function* oneRun(
  path: string,
  read: (path: string) => ExchangeRun | Promise<ExchangeRun>,
): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  try {
    yield await read(path);
  } catch (error) {
    yield asExpmanError(error, path);
  }
}
