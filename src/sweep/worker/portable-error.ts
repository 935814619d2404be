import { type ErrorCode, type ErrorFacts, ExpmanError, stringOf } from '../../model/errors.js';
import { isError } from '../../model/realms.js';

/** Something that was thrown, as it goes from thread to thread: whatever it was, it can be cloned. */
export interface PortableError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of an error of this package; what may not be cloned (`value`, `cause`) stays behind. */
  readonly expman: { readonly code: ErrorCode; readonly facts: ErrorFacts } | null;
}

/** Packs what was thrown, an error or anything else. */
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

/** The error again, in the other thread. */
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
