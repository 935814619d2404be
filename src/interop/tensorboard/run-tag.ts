import { decodeParams, encodeParams } from '../../model/params.js';
import { isRunStatus } from '../../model/run-status.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { summaryFrom, summaryJson } from '../exchange/summary-json.js';
import { textsOf } from '../source/source-files.js';

/** The text tag for facts of a run that TensorBoard has no place for; its Text tab shows it. */
export const RUN_TAG = 'expman-rx/run';

/** The facts of a run, without its rows and lines. */
export interface RunRecord extends Omit<ExchangeRun, 'fields' | 'rows' | 'log'> {
  /** The tags under which TensorBoard shows the summary: what they hold is not a metric. */
  readonly figures?: readonly string[];
}

const FENCE = '```';

/** Writes a run's record as a Markdown code block of JSON. */
export function runRecordText({ params, ...run }: RunRecord): string {
  const { experiment, run: name, status, startedAt, endedAt, tags, notes, group, figures = [] } = run;
  const facts = { experiment, run: name, status, startedAt, endedAt, tags, notes, group };
  const said = { ...summaryJson(run), ...(figures.length > 0 && { figures }) };
  const json = JSON.stringify(
    { ...facts, params: JSON.parse(encodeParams(params)) as unknown, ...said },
    null,
    2,
  );
  return `${FENCE}json\n${json}\n${FENCE}`;
}

/** Parses the record in such a text; null if it is not valid: anybody may write the tag. */
export function parseRunRecord(text: string): RunRecord | null {
  try {
    const json: unknown = JSON.parse(text.slice(`${FENCE}json`.length, -FENCE.length));
    if (typeof json !== 'object' || json === null) return null;
    const fact = (key: string): unknown => (Object.hasOwn(json, key) ? Reflect.get(json, key) : undefined);
    const status = fact('status');
    if (!isRunStatus(status)) return null;
    return {
      experiment: textOr('', fact('experiment')),
      run: textOr('', fact('run')),
      status,
      startedAt: timeOrNull(fact('startedAt')),
      endedAt: timeOrNull(fact('endedAt')),
      tags: textsOf(fact('tags')),
      notes: textOr('', fact('notes')),
      group: textOr(null, fact('group')),
      params: decodeParams(JSON.stringify(fact('params') ?? {})),
      ...summaryFrom({
        summary: fact('summary'),
        headline: fact('headline'),
        definitions: fact('definitions'),
        loggedArtifacts: fact('loggedArtifacts'),
        usedArtifacts: fact('usedArtifacts'),
      }),
      figures: textsOf(fact('figures')),
    };
  } catch {
    return null;
  }
}

const textOr = <T>(absent: T, value: unknown): string | T => (typeof value === 'string' ? value : absent);

const timeOrNull = (value: unknown): string | null =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : null;
