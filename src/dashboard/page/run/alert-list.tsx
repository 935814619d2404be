import type { JSX } from 'preact';
import type { RunFactsAnswer } from '../../api.js';
import { countText, momentText } from '../facts/format.js';

type Alert = NonNullable<RunFactsAnswer['alerts']>[number];

/** The alerts of the run, the newest first; nothing if it has none. */
export function AlertList({ facts }: { readonly facts: RunFactsAnswer }): JSX.Element | null {
  const { alerts = [], alertsLeftOut = 0 } = facts;
  const newest = [...alerts].reverse();
  if (newest.length + alertsLeftOut === 0) return null;
  return (
    <section aria-label="Alerts">
      <h2>Alerts</h2>
      <ul class="alerts card">
        {newest.map((alert) => (
          <li key={alert.id} class={`alert-${alert.level}`}>
            <strong>{alert.title}</strong>
            <span class="alert-facts">{factsText(alert)}</span>
            {alert.text === '' ? null : <p>{alert.text}</p>}
          </li>
        ))}
        {alertsLeftOut === 0 ? null : (
          <li class="alert-facts">and {countText(alertsLeftOut)} more, which are only counted</li>
        )}
      </ul>
    </section>
  );
}

function factsText({ level, at, repeats, delivery }: Alert): string {
  return [
    level,
    ...(at === '' ? [] : [momentText(at)]),
    ...(repeats === 0 ? [] : [`${countText(repeats + 1)} times`]),
    ...(delivery === 'unsent' ? ['not sent yet'] : []),
  ].join(' · ');
}
