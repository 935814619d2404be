import type { ComponentChildren, JSX } from 'preact';
import type { ApiFailure } from '../api/api.js';
import { answerOf, type Asked } from '../api/use-api.js';

/** What is asked for is on its way. */
export function Loading({ what }: { readonly what: string }): JSX.Element {
  return (
    <p class="state" role="status">
      <span class="pulse" aria-hidden="true" /> reading {what} …
    </p>
  );
}

/** There is nothing, and what to do about it. */
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

/** What to do about an address whose token is that of another start. */
export function HowToGoOn(): JSX.Element {
  return (
    <p>
      Go to the one that <code>expman serve</code> printed: it ends in <code>#token=…</code> and is good for
      as long as that server runs.
    </p>
  );
}

/** What could not be answered, with its code. */
export function Broken({
  failure: { answer },
  again,
}: {
  readonly failure: ApiFailure;
  readonly again?: (() => void) | undefined;
}): JSX.Element {
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

/** The answer when it is there, the one before it while the next is awaited, or how it is going. */
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
