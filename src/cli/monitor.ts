import { resolve } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import { MAX_TIMER_MS } from '../model/option-rules.js';
import { printable } from '../model/printable.js';
import { type MonitorEvent, monitorBy } from '../reader/monitor/monitor-runs.js';
import { nodeFs } from '../storage/node-fs.js';
import { type CommandRun, durationOption } from './command.js';
import type { MONITOR } from './command-options.js';
import { dirOr } from './find-runs.js';
import { ExitCode, type Terminal } from './terminal.js';
import { quantity } from './words.js';

export const run: CommandRun<typeof MONITOR> = async ([dir], options, terminal) => {
  let found = 0;
  const events$ = monitorBy(nodeFs, resolve(dirOr(dir)), {
    ...(options.on !== undefined && { on: conditionsIn(options.on) }),
    everyMs: durationOption(options, 'every', MAX_TIMER_MS),
    stalledAfterMs: durationOption(options, 'stalledAfter', MAX_TIMER_MS),
    once: options.once === true,
    alerts: { allowPrivate: options.allowPrivate === true },
  });
  const shown$ = events$.pipe(
    tap((event) => {
      if ('condition' in event) found++;
      if (options.json === true) terminal.jsonLine(event);
      else print(event, terminal);
    }),
  );
  await lastValueFrom(shown$, { defaultValue: null });
  return found > 0 ? ExitCode.gate : ExitCode.ok;
};

/** Splits conditions at commas that are not inside quotes, parentheses or brackets. */
export function conditionsIn(text: string): string[] {
  const parts = [''];
  let quote = '';
  let depth = 0;
  for (const char of text) {
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '(' || char === '[') depth++;
    else if (char === ')' || char === ']') depth--;
    if (char === ',' && quote === '' && depth <= 0) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${char}`);
  }
  return parts;
}

function print(event: MonitorEvent, terminal: Terminal): void {
  switch (event.kind) {
    case 'alerts': {
      const { sent, unproven, failure } = event;
      const said = [
        ...(sent > 0 ? [`${quantity(sent, 'alerts were')} sent that it had left unsent`] : []),
        ...(unproven > 0
          ? [`${quantity(unproven, 'alerts are')} not sent: raised elsewhere, or for another webhook`]
          : []),
        ...(failure === null ? [] : [`an alert was not sent: ${failure}`]),
      ];
      terminal.print(`${printable(event.runDir)}  ${printable(said.join('; '))}`);
      return;
    }
    case 'problem':
      terminal.complain(`${event.runDir}: ${event.code}: ${event.message}`);
      return;
    default:
      terminal.print(
        `${event.at}  ${terminal.style(event.kind === 'crashed' ? 'red' : 'yellow', event.kind)}  ` +
          `${printable(`${event.experiment}/${event.run}`)}  ${printable(event.message)}`,
      );
  }
}
