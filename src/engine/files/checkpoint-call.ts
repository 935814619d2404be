import type { Goal } from '../../pure/metric-definition.js';
import { describeType, ExpmanError } from '../../model/errors.js';
import { CHECKPOINT_OPTIONS, type CheckpointOptions, type KeepRule } from '../../model/keep-rule.js';
import { invalidOption, resolvePath } from '../../model/option-rules.js';
import { type Step, parseStep, stepRule } from '../../model/step.js';
import { type ArtifactContent, contentOf } from './artifacts.js';

/** The content of a checkpoint: bytes, a text, a value as JSON, or a file to copy. */
export type CheckpointContent = ArtifactContent | { readonly file: string };

/** A call of `saveCheckpoint` whose arguments were checked; it can be sent to another thread. */
export interface CheckpointCall {
  readonly step: Step;
  readonly source: { readonly data: Uint8Array } | { readonly path: string };
  /** The extension of the file's name, without the point. */
  readonly extension: string;
  readonly rules: readonly KeepRule[];
  readonly goal: Goal | null;
}

const DEFAULT_EXTENSION = 'bin';

/**
 * Checks the arguments of `saveCheckpoint`; bytes are copied, and may be changed afterwards.
 *
 * @throws ExpmanError `INVALID_OPTION` for the step and the options, `INVALID_VALUE` for the content
 */
export function checkpointCall(
  step: unknown,
  content: unknown,
  options: CheckpointOptions = {},
): CheckpointCall {
  const parsed = parseStep(step);
  if (parsed === undefined)
    throw invalidOption('step', 'a 64-bit integer, as a bigint beyond 2^53', step, `; ${stepRule(step)}`);
  const { keep: rules = [], goal = null } = CHECKPOINT_OPTIONS.resolve(options);
  const file: unknown =
    typeof content === 'object' && content !== null ? Reflect.get(content, 'file') : undefined;
  if (file === undefined) {
    const isJson =
      typeof content === 'object' && content !== null && Reflect.get(content, 'json') !== undefined;
    const data = Buffer.from(bytesOf(content));
    return { step: parsed, source: { data }, extension: isJson ? 'json' : DEFAULT_EXTENSION, rules, goal };
  }
  const path = resolvePath('file', file);
  const [, extension = DEFAULT_EXTENSION] = /\.([A-Za-z0-9]{1,16})$/.exec(path) ?? [];
  return { step: parsed, source: { path }, extension, rules, goal };
}

function bytesOf(content: unknown): Uint8Array {
  if (typeof content === 'string')
    throw new ExpmanError(
      'INVALID_VALUE',
      'a checkpoint must be bytes, { text }, { json } or { file: path }, not a string; write { text } for its content, { file } for a path',
      { value: content, type: describeType(content) },
    );
  return contentOf(content, 'a checkpoint', '{ file: path }');
}
