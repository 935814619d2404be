import { stringOf } from '../model/errors.js';
import { isError } from '../model/realms.js';
import { redactText } from '../model/redact-text.js';
import type { RunError } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import type { RunEnding } from '../run/run-state.js';

/** @bound tells: the text ends in how much is missing; specs/engine/calls.spec.ts "can be read whatever the size of its error, and says how much of that is missing" */
const MAX_ERROR_TEXT = 16 * 1024;

/** The end of a run, decided by its own process. */
export type OwnEnding = RunEnding & { readonly status: RunStatus };

/** The end of a run whose stream of rows is over: failed with an error, or as planned. */
export const endingOfStream = (failure: { readonly error: unknown } | null): OwnEnding =>
  failure === null
    ? { status: RunStatus.Finished, cut: false }
    : { status: RunStatus.Failed, cut: false, error: plainErrorOf(failure.error) };

/** The end of a run that is still open when the event loop of its process is empty. */
export function endingOfIdle(exitCode: string | number | undefined): OwnEnding {
  return exitCode !== undefined && Number(exitCode) !== 0
    ? { status: RunStatus.Failed, cut: false, exitCode: Number(exitCode) }
    : { status: RunStatus.Finished, cut: false };
}

/** The end of a run that is still open when its process exits. */
export function endingOfExit(exitCode: number, fatal: { readonly error: unknown } | null): OwnEnding {
  if (fatal !== null)
    return { status: RunStatus.Crashed, cut: true, exitCode, error: plainErrorOf(fatal.error) };
  if (exitCode !== 0) return { status: RunStatus.Failed, cut: true, exitCode };
  return { status: RunStatus.Interrupted, cut: true };
}

/**
 * An error, or any other thrown value, in the form for run.yaml: secrets redacted, and of a bounded
 * size.
 */
function plainErrorOf(error: unknown): RunError {
  const plain = (text: string): string => bounded(redactText(text));
  if (!isError(error)) return { name: 'Error', message: plain(stringOf(error)) };
  const { name, message, stack } = error;
  return {
    name: plain(stringOf(name)),
    message: plain(stringOf(message)),
    ...(stack !== undefined && { stack: plain(stack) }),
  };
}

/** Cuts a text, because readers refuse a run.yaml of over a megabyte. */
const bounded = (text: string): string =>
  text.length > MAX_ERROR_TEXT
    ? `${text.slice(0, MAX_ERROR_TEXT)}…[truncated ${text.length - MAX_ERROR_TEXT} characters]`
    : text;
