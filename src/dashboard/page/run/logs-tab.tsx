import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LogLineAnswer } from '../../api.js';
import { answerOf, useAsked, usePage } from '../api/use-api.js';
import { Broken, Empty, Loading } from '../parts/states.js';
import { choose, route } from '../state/navigation.js';
import { numberIn } from '../state/route.js';
import { countOfLines, isWanted, joined, lastLines, LEVELS } from './log-lines.js';

/**
 * Lines that are kept; a browser would struggle with more.
 *
 * @bound tells: the count above the lines says that they are the last ones;
 * specs/dashboard/page/lists.spec.ts "are the last ones, and say that there are earlier ones"
 */
const MOST_LINES = 5000;
/**
 * Lines requested at first, at most, and the factor for each request for more; the server returns
 * one more than the most.
 */
const FIRST_READ = 500;
/**
 * @bound tells: the count above the lines says that they are the last ones;
 * specs/dashboard/page/lists.spec.ts "are the last ones, and say that there are earlier ones"
 */
const MOST_READ = 4999;
const MORE = 4;

/** The run's log, updated as it grows. */
export function LogsTab({ id }: { readonly id: string }): JSX.Element {
  const { query } = route.value;
  const level = query.get('level') ?? undefined;
  const text = query.get('text') ?? undefined;
  const last = Math.max(1, Math.min(MOST_READ, Math.floor(numberIn(query, 'last', FIRST_READ))));
  const [asked, again] = useAsked(`${id} ${level} ${text} ${last}`, (api) =>
    api.logs(id, { level, text, last: last + 1 }),
  );
  const arrived = useNewLines(id, again);
  const read = answerOf(asked);
  const wanted = arrived.filter((line) => isWanted(line, level, text));
  const part = lastLines(read ?? [], last);
  const all = joined(part.lines, wanted);
  const lines = all.slice(-MOST_LINES);
  const isCut = part.isCut || lines.length < all.length;
  return (
    <div class="logs">
      <div class="bar">
        <label class="choice">
          Level
          <select
            value={level ?? ''}
            onChange={({ currentTarget }) => choose({ level: currentTarget.value || null })}
          >
            <option value="">all</option>
            {LEVELS.slice(1).map((name) => (
              <option key={name} value={name}>
                {name} and above
              </option>
            ))}
          </select>
        </label>
        <div class="filter">
          <input
            type="search"
            aria-label="Text that a line contains"
            placeholder="Find in the log"
            value={text ?? ''}
            onInput={({ currentTarget }) => choose({ text: currentTarget.value || null }, 'replace')}
          />
        </div>
        <span class="dim choice">{countOfLines(lines.length, isCut)}</span>
        {part.isCut && last < MOST_READ ? (
          <button
            type="button"
            class="quiet"
            onClick={() => choose({ last: String(Math.min(MOST_READ, MORE * last)) }, 'replace')}
          >
            Show earlier
          </button>
        ) : null}
      </div>
      {asked.state === 'failed' ? (
        <Broken failure={asked.failure} again={again} />
      ) : read === undefined ? (
        <Loading what="the log" />
      ) : lines.length === 0 ? (
        <Empty title={level === undefined && text === undefined ? 'The log is empty' : 'No matching lines'} />
      ) : (
        <Lines lines={lines} />
      )}
    </div>
  );
}

/** Lines that arrived since the page was opened. */
function useNewLines(id: string, again: () => void): readonly LogLineAnswer[] {
  const { api } = usePage();
  const [lines, setLines] = useState<readonly LogLineAnswer[]>([]);
  useEffect(
    () =>
      api.live(
        { runs: [id], metrics: [], logs: true },
        {
          logs: ({ lines: more }) => setLines((before) => [...before, ...more].slice(-MOST_LINES)),
          reset: again,
          open: (wasOpen) => (wasOpen ? again() : undefined),
        },
      ),
    [api, id, again],
  );
  return lines;
}

/** Stays scrolled to the end if it is there, like a terminal. */
function Lines({ lines }: { readonly lines: readonly LogLineAnswer[] }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current !== null && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  });
  return (
    <div
      class="log-lines card mono"
      ref={box}
      role="log"
      tabIndex={0}
      aria-label="Log lines"
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
        (isAtEnd.current = scrollHeight - scrollTop - clientHeight < 8)
      }
    >
      {lines.map((line, index) => (
        <Line key={index} line={line} />
      ))}
    </div>
  );
}

// @bound loses nothing: the title has the whole time
const clockText = (date: Date): string => date.toTimeString().slice(0, 8);

function Line({
  line: { timestampMs, level, message, meta },
}: {
  readonly line: LogLineAnswer;
}): JSX.Element {
  const date = new Date(timestampMs);
  const isDate = !Number.isNaN(date.getTime());
  const more = Object.keys(meta).length === 0 ? '' : ` ${JSON.stringify(meta)}`;
  return (
    <div
      class={`log-line ${LEVELS.some((name) => name === level) ? `log-${level}` : ''}`}
      data-testid="log-line"
    >
      <time class="dim" title={isDate ? date.toISOString() : ''}>
        {isDate ? clockText(date) : ''}
      </time>
      <span class="log-level">{level}</span>
      <span class="log-message">
        {message}
        <span class="dim">{more}</span>
      </span>
    </div>
  );
}
