import type { JSX } from 'preact';

const KNOWN = ['RUNNING', 'FINISHED', 'FAILED', 'INTERRUPTED', 'CRASHED', 'UNREADABLE'];

/** The status of a run: a word, and a dot in its colour. */
export function Status({ status }: { readonly status: string }): JSX.Element {
  const kind = KNOWN.includes(status) ? status.toLowerCase() : 'unknown';
  const title = status === 'RUNNING?' ? 'On another host; may or may not still be running' : undefined;
  return (
    <span class={`status status-${kind}`} title={title}>
      {status}
    </span>
  );
}
