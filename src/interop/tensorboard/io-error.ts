import { errnoOf, ExpmanError, messageOf } from '../../model/errors.js';

/**
 * Converts an error of the file system to one of ours; `count` events were dropped because of it.
 */
export function ioError(path: string, cause: unknown, count = 0): ExpmanError {
  const errno = errnoOf(cause);
  return new ExpmanError('IO', `${path}: ${messageOf(cause)}`, {
    path,
    cause,
    ...(errno !== undefined && { errno }),
    ...(count > 0 && { count }),
  });
}
