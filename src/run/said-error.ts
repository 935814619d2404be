import { jsonOrText } from '../model/json-text.js';
import type { Degradation, RunError } from '../model/run-file.js';
import { isMapping, type Mapping } from './run-record.js';

/** The error and the degradation that a run.yaml reports; both are absent from most. */
export interface SaidErrors {
  readonly error?: RunError;
  readonly degraded?: Degradation;
}

/** Reads the error and the degradation of a run.yaml. Another program may have written them: whatever they are, their text is kept. */
export function saidErrors({ error, degraded }: Mapping): SaidErrors {
  return {
    ...(isSaid(error) && { error: runErrorOf(error) }),
    ...(isSaid(degraded) && { degraded: degradationOf(degraded) }),
  };
}

function runErrorOf(said: unknown): RunError {
  const { name, message, stack } = partsOf(said);
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : textOf(said),
    ...(typeof stack === 'string' && { stack }),
  };
}

function degradationOf(said: unknown): Degradation {
  const { code, message, since } = partsOf(said);
  return {
    code: typeof code === 'string' ? code : 'UNKNOWN',
    message: typeof message === 'string' ? message : textOf(said),
    since: typeof since === 'string' ? since : '',
  };
}

const isSaid = (said: unknown): boolean => said !== undefined && said !== null;
const partsOf = (said: unknown): Mapping => (isMapping(said) ? said : {});

const textOf = (said: unknown): string => (typeof said === 'string' ? said : jsonOrText(said));
