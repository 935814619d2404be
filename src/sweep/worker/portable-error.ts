import { type ErrorCode, type ErrorFacts, ExpmanError, stringOf } from '../../model/errors.js';
import { isError } from '../../model/realms.js';

/** A thrown value in a form that can always be cloned from thread to thread. */
export interface PortableError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /**
   * Details of an error of this package; facts that may not be cloneable (`value`, `cause`) are
   * dropped.
   */
  readonly expman: { readonly code: ErrorCode; readonly facts: ErrorFacts } | null;
}

/** Packs a thrown value, an error or anything else. */
export function portable(thrown: unknown): PortableError {
  if (!isError(thrown)) return { name: 'Error', message: stringOf(thrown), stack: undefined, expman: null };
  const { name, message, stack } = thrown;
  return {
    name: stringOf(name),
    message: stringOf(message),
    stack: typeof stack === 'string' ? stack : undefined,
    expman: thrown instanceof ExpmanError ? { code: thrown.code, facts: factsOf(thrown) } : null,
  };
}

/** Restores the error in the other thread. */
export function restored({ name, message, stack, expman }: PortableError): Error {
  const error = expman === null ? new Error(message) : new ExpmanError(expman.code, message, expman.facts);
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

function factsOf({ option, rule, type, path, errno, count }: ExpmanError): ErrorFacts {
  return {
    ...(option !== undefined && { option }),
    ...(rule !== undefined && { rule }),
    ...(type !== undefined && { type }),
    ...(path !== undefined && { path }),
    ...(errno !== undefined && { errno }),
    ...(count !== undefined && { count }),
  };
}
