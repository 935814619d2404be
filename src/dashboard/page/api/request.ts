import type { ApiError } from '../../api.js';
import { ApiFailure } from './api.js';

/** Sends a request and returns the JSON of the answer; undefined for an answer without content. */
export async function request<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' }).catch(
    (error: unknown) => {
      if (init.signal?.aborted === true) throw error;
      throw new ApiFailure(0, { code: 'DISCONNECTED', message: 'the server does not answer' });
    },
  );
  if (!response.ok) throw new ApiFailure(response.status, await errorOf(response));
  // The only place where the type of an answer is trusted: server and page share version and
  // schema.
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** Reads the first bytes of a file of a run, and fetches no more. */
export async function readStart(href: string, bytes: number): Promise<Uint8Array> {
  const control = new AbortController();
  const response = await fetch(href, { credentials: 'same-origin', signal: control.signal });
  if (!response.ok) throw new ApiFailure(response.status, await errorOf(response));
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const reader = response.body?.getReader(); reader !== undefined && length < bytes;) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  control.abort();
  const start = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  return start.subarray(0, bytes);
}

async function errorOf(response: Response): Promise<ApiError> {
  const said: unknown = await response.json().catch(() => null);
  if (isApiError(said)) return said;
  return {
    code: `HTTP_${response.status}`,
    message: response.statusText || 'the server refused the request',
  };
}

const isApiError = (value: unknown): value is ApiError =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value;

/** Writes `?a=1&b=2&b=3`, skipping undefined values. */
export function queryText(
  query: Readonly<Record<string, string | number | readonly string[] | undefined>>,
): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (typeof value === 'object') value.forEach((each) => out.append(key, each));
    else if (value !== undefined) out.append(key, String(value));
  }
  const text = out.toString();
  return text === '' ? '' : `?${text}`;
}
