import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiFailure } from '../api/api.js';
import { usePage } from '../api/use-api.js';
import { choose } from '../state/navigation.js';

/** The pause after the last key before the filter is applied. */
const REST_MS = 350;

/** The filter, in the language of `expman list --where`; an error is shown below it. */
export function FilterBox({
  value,
  failure,
}: {
  readonly value: string;
  readonly failure: ApiFailure | null;
}): JSX.Element {
  const { api } = usePage();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setText(value), [value]);
  useFocusKey(input);
  const ask = (next: string): void => {
    clearTimeout(timer.current);
    choose({ where: next.trim() === '' ? null : next }, 'replace');
  };
  const isWrong = failure?.answer.code === 'INVALID_FILTER';
  return (
    <form
      class="filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        ask(text);
      }}
    >
      <input
        ref={input}
        type="search"
        data-testid="filter"
        aria-label="Filter runs"
        aria-invalid={isWrong}
        aria-describedby={isWrong ? 'filter-error' : undefined}
        placeholder={api.isLive ? 'status = FINISHED AND metrics.loss.min < 0.2' : 'name, status or tag'}
        title="Press / to focus"
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={({ currentTarget: { value: next } }) => {
          setText(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => ask(next), REST_MS);
        }}
      />
      {isWrong ? <FilterError text={value} failure={failure} /> : null}
    </form>
  );
}

function FilterError({
  text,
  failure: { answer },
}: {
  readonly text: string;
  readonly failure: ApiFailure;
}): JSX.Element {
  const { at } = answer;
  return (
    <div class="filter-error" id="filter-error" data-testid="filter-error" role="alert">
      {at === undefined ? null : (
        <code>
          {text.slice(0, at)}
          <mark>{text.slice(at, at + 1) || ' '}</mark>
          {text.slice(at + 1)}
        </code>
      )}
      <span>{answer.message}</span>
    </div>
  );
}

/** Focuses the filter on `/`, unless another field has the focus. */
function useFocusKey(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof Element && event.target.matches('input, textarea, select');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, [input]);
}
