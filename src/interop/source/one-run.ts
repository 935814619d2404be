import type { ExpmanError } from '../../model/errors.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { asExpmanError } from './source-files.js';

/** What an importer gives of a path that holds one run: the run or, where it cannot be read, why. */
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
