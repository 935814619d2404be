import { HTTPException } from 'hono/http-exception';
import { ExpmanError, messageOf } from '../../model/errors.js';
import type { ApiError } from '../api.js';
import { AnsweredError, BusyError } from '../data/data-threads.js';
import type { Asked } from './backend.js';

/** The HTTP status codes of errors. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 500 | 503;

/**
 * A request that is refused, with the answer's HTTP status and the code of its {@link ApiError}.
 */
export class Refusal extends Error {
  constructor(
    readonly status: ErrorStatus,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The refusal of everything that does not exist here. */
export const notFound = (): Refusal => new Refusal(404, 'NOT_FOUND', 'not found');

/** The refusal of a request whose query or body breaks a rule. */
export const invalidRequest = (message: string): Refusal => new Refusal(400, 'INVALID_REQUEST', message);

const STATUS: Readonly<Record<string, ErrorStatus>> = {
  RUN_NOT_FOUND: 404,
  ARTIFACT_NOT_FOUND: 404,
  INVALID_FILTER: 400,
  INVALID_NAME: 400,
  INVALID_OPTION: 400,
  INVALID_VALUE: 409,
  RUN_LOCKED: 409,
  CORRUPT: 422,
  UNSAFE_YAML: 422,
};

/** Answers with an error as JSON; `dir`, the folder that is shown, is cut out of its message. */
export function errorAnswer(c: Asked, error: unknown, dir: string): Response {
  const { status, body } = answerTo(error, dir);
  if (status === 503) c.header('Retry-After', '1');
  return c.json(body, status);
}

function answerTo(error: unknown, dir: string): { readonly status: ErrorStatus; readonly body: ApiError } {
  if (error instanceof Refusal)
    return { status: error.status, body: { code: error.code, message: error.message } };
  if (error instanceof BusyError) return { status: 503, body: { code: 'BUSY', message: error.message } };
  if (error instanceof HTTPException)
    return { status: 400, body: { code: 'INVALID_REQUEST', message: 'the request is not valid' } };
  if (!(error instanceof AnsweredError || error instanceof ExpmanError))
    return { status: 500, body: { code: 'IO', message: 'the run could not be read' } };
  const { code } = error;
  // A run that does not exist and a name that leads elsewhere must look the same to the client.
  if (code === 'RUN_NOT_FOUND') return answerTo(notFound(), dir);
  const message = messageOf(error).replaceAll(dir, '…');
  const at = code === 'INVALID_FILTER' ? / at character (\d+)/.exec(message)?.[1] : undefined;
  return {
    status: STATUS[code] ?? 500,
    body: { code, message, ...(at !== undefined && { at: Number(at) - 1 }) },
  };
}
