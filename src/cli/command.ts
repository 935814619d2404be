import type { ParseArgsConfig } from 'node:util';
import { type ErrorCode, ExpmanError, messageOf } from '../model/errors.js';
import { ExitCode, type Terminal } from './terminal.js';

/** A command of the CLI. */
export interface Command {
  readonly usage: string;
  readonly summary: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Does the work and returns the exit code. */
  readonly run: (
    paths: readonly string[],
    options: Readonly<Record<string, unknown>>,
    terminal: Terminal,
  ) => Promise<number> | number;
}

/** What is told of an error: its code and message, without a stack. */
export function codeAndMessageOf(error: unknown): string {
  if (error instanceof ExpmanError) return `${error.code}: ${error.message}`;
  return messageOf(error);
}

/** The exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  const codes: Partial<Record<ErrorCode, number>> = {
    RUN_LOCKED: ExitCode.locked,
    FENCED: ExitCode.locked,
    IO: ExitCode.io,
    WRITE_FAILED: ExitCode.io,
  };
  return error instanceof ExpmanError ? (codes[error.code] ?? ExitCode.invalid) : ExitCode.io;
}
