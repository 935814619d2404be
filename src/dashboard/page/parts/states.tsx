import type { ComponentChildren, JSX } from 'preact';
import type { ApiFailure } from '../api/api.js';
import { answerOf, type Asked } from '../api/use-api.js';

/** Shown while a request is running. */
export function Loading({ what }: { readonly what: string }): JSX.Element {
  return (
    <p class="state" role="status">
      <span class="pulse" aria-hidden="true" /> loading {what} …
    </p>
  );
}

/** Shown if there is nothing, with advice. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {children === undefined ? null : <p>{children}</p>}
    </div>
  );
}

/** Advice for an address whose token is from an earlier start of the server. */
export function HowToGoOn(): JSX.Element {
  return (
    <p>
      Use the address that <code>expman serve</code> printed: it ends in <code>#token=…</code> and is valid as
      long as that server runs.
    </p>
  );
}

/** Shows a failed request with its code; nothing for an expired address, which the page reports itself. */
export function Broken({
  failure: { answer, status },
  again,
}: {
  readonly failure: ApiFailure;
  readonly again?: (() => void) | undefined;
}): JSX.Element | null {
  if (status === 401) return null;
  return (
    <div class="state state-broken" role="alert">
      <p class="state-title">{answer.message}</p>
      <p>
        <code>{answer.code}</code>
      </p>
      {again === undefined ? null : (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Shows the answer, the previous one while loading, or the state of the request. */
export function Answered<T>({
  asked,
  again,
  what,
  children,
}: {
  readonly asked: Asked<T>;
  readonly again?: () => void;
  readonly what: string;
  readonly children: (answer: T) => ComponentChildren;
}): JSX.Element {
  if (asked.state === 'failed') return <Broken failure={asked.failure} again={again} />;
  const answer = answerOf(asked);
  return answer === undefined ? <Loading what={what} /> : <>{children(answer)}</>;
}
