import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { firstOf } from '../parts/first-of.js';
import { Left } from '../parts/left.js';
import { Menu } from '../parts/menu.js';
import { choose, route } from '../state/navigation.js';
import { numberIn } from '../state/route.js';

/**
 * Names shown at once; more are found by typing.
 *
 * @bound tells: a line below the names says how many more; specs/dashboard/browser/left-out.spec.ts
 * "is counted: metrics in the menu and beyond the charts, parameters beyond the axes, columns,
 * runs"
 */
const MOST_SHOWN = 200;

/** The controls for drawing curves: metrics, x axis, smoothing and grouping. */
export function CurveChoices({
  metricKeys,
  metrics,
  x,
  isDefined,
  params,
}: {
  readonly metricKeys: readonly string[];
  readonly metrics: readonly string[];
  /** The chosen x axis; null if none was chosen. */
  readonly x: string | null;
  /** True if some of the metrics have an x axis by their definition. */
  readonly isDefined: boolean;
  readonly params?: readonly string[];
}): JSX.Element {
  const { query } = route.value;
  const smoothing = numberIn(query, 'smooth', 0);
  return (
    <div class="bar">
      <MetricsMenu {...{ metricKeys, metrics }} />
      <label class="choice">
        x
        <select
          value={x ?? (isDefined ? '' : 'step')}
          onChange={({ currentTarget: { value } }) =>
            choose({ x: value === '' ? null : value, from: null, to: null, of: null })
          }
        >
          {isDefined ? <option value="">as defined</option> : null}
          <option value="step">step</option>
          <option value="time">time</option>
          {metricKeys.map((name) => (
            <option key={name} value={`metric:${name}`}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="choice">
        Smoothing
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={smoothing}
          onInput={({ currentTarget: { value } }) =>
            choose({ smooth: value === '0' ? null : value }, 'replace')
          }
        />
        <output class="number">{smoothing.toFixed(2)}</output>
      </label>
      <label class="choice">
        <input
          type="checkbox"
          checked={query.get('log') === '1'}
          onChange={({ currentTarget }) => choose({ log: currentTarget.checked ? '1' : null })}
        />
        log y
      </label>
      {params === undefined ? null : (
        <label class="choice">
          Group by
          <select
            value={query.get('by') ?? ''}
            onChange={({ currentTarget }) => choose({ by: currentTarget.value || null })}
          >
            <option value="">nothing</option>
            {params.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <span class="dim hint">drag to zoom · shift-drag to move · double-click to reset · or + − ← → 0</span>
    </div>
  );
}

function MetricsMenu({
  metricKeys,
  metrics,
}: {
  readonly metricKeys: readonly string[];
  readonly metrics: readonly string[];
}): JSX.Element {
  const [text, setText] = useState('');
  const found = metricKeys.filter((name) => name.toLowerCase().includes(text.toLowerCase()));
  const { shown, left } = firstOf(found, MOST_SHOWN);
  const toggle = (name: string): void => {
    const next = metrics.includes(name) ? metrics.filter((each) => each !== name) : [...metrics, name];
    choose({ metric: next }, 'replace');
  };
  return (
    <Menu label={`Metrics (${metrics.length} of ${metricKeys.length})`}>
      {() => (
        <div class="columns-menu">
          <input
            type="search"
            placeholder="Find a metric"
            aria-label="Find a metric"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <div class="columns-list">
            {shown.map((name) => (
              <label key={name}>
                <input type="checkbox" checked={metrics.includes(name)} onChange={() => toggle(name)} />
                <span>{name}</span>
              </label>
            ))}
            <Left left={left} what="metrics: type part of the name" />
          </div>
        </div>
      )}
    </Menu>
  );
}
