import { artifactLinksIn } from '../../model/artifact-links.js';
import type { MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import { tagged } from '../../model/params-text.js';
import type { SummaryValues } from '../../model/summary-values.js';
import type { MetricDefinitions } from '../../pure/metric-definition.js';
import { isMapping, type Mapping, textsOf } from '../source/source-files.js';
import { valueFromJson } from '../text/json-values.js';
import type { ExchangeRun } from './exchange-run.js';

/** The facts of an exchanged run that hold for it as a whole. */
export type ExchangedSummary = Pick<
  ExchangeRun,
  'summary' | 'headline' | 'definitions' | 'loggedArtifacts' | 'usedArtifacts'
>;

/** Returns the facts of a run that hold for it as a whole, without empty ones. */
export const summaryOf = ({
  summary = {},
  headline = [],
  definitions = {},
  loggedArtifacts = {},
  usedArtifacts = {},
}: ExchangedSummary): ExchangedSummary => ({
  ...(Object.keys(summary).length > 0 && { summary }),
  ...(headline.length > 0 && { headline }),
  ...(Object.keys(definitions).length > 0 && { definitions }),
  ...(Object.keys(loggedArtifacts).length > 0 && { loggedArtifacts }),
  ...(Object.keys(usedArtifacts).length > 0 && { usedArtifacts }),
});

/**
 * Converts a run's summary to an object for `JSON.stringify`: `summary`, `headline`,
 * `definitions`, `loggedArtifacts` and `usedArtifacts`, as far as the run has them.
 *
 * A number that JSON cannot express is `{"$number":"NaN"}`, a bigint `{"$bigint":"12"}`.
 */
export function summaryJson(run: ExchangedSummary): Readonly<Record<string, unknown>> {
  const { summary, ...names } = summaryOf(run);
  return {
    ...(summary !== undefined && {
      summary: bareObject(Object.entries(summary).map(([name, value]) => [name, tagged(value)])),
    }),
    ...names,
  };
}

/**
 * Reads a summary that {@link summaryJson} converted, from parsed JSON that may hold anything.
 *
 * A value or definition that is not valid stays as it is: the run that it is written to leaves it
 * out, counts and reports it.
 */
export const summaryFrom = ({ summary, headline, definitions, ...links }: Mapping): ExchangedSummary =>
  summaryOf({
    ...artifactLinksIn(links),
    summary: bareObject(
      entriesOf('summary', summary).map(([name, json]) => [
        name,
        valueFromJson(json, 'UTF8') ?? (json as MetricValue),
      ]),
    ) satisfies SummaryValues,
    headline: textsOf(headline),
    definitions: bareObject(entriesOf('definitions', definitions)) as MetricDefinitions,
  });

/** Lists the named values in parsed JSON; anything but a mapping is one value of the given name. */
const entriesOf = (name: string, json: unknown): [string, unknown][] =>
  json === undefined ? [] : isMapping(json) ? Object.entries(json) : [[name, json]];
