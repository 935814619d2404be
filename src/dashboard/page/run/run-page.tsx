import type { JSX } from 'preact';
import type { RunAnswer, RunFactsAnswer } from '../../api.js';
import { useAsked } from '../api/use-api.js';
import { statusText } from '../facts/run-values.js';
import { To } from '../parts/link.js';
import { Answered } from '../parts/states.js';
import { Status } from '../parts/status.js';
import { useNews } from '../runs/use-news.js';
import { RUN_TABS, runPlace, type RunTab } from '../state/route.js';
import { EnvironmentTab } from './environment-tab.js';
import { FilesTab } from './files-tab.js';
import { HistogramsTab, histogramNames } from './histograms-tab.js';
import { LogsTab } from './logs-tab.js';
import { MediaTab } from './media-tab.js';
import { MetricsTab } from './metrics-tab.js';
import { OverviewTab } from './overview-tab.js';
import { SystemTab } from './system-tab.js';
import { useReread } from './use-reread.js';

/** Shows everything about one run. */
export function RunPage({ id, tab }: { readonly id: string; readonly tab: RunTab }): JSX.Element {
  const [asked, again] = useAsked(id, (api) => api.run(id));
  const news = useNews([id], again).get(id);
  useReread(news, asked, again);
  return (
    <div class="run">
      <Answered asked={asked} again={again} what={id}>
        {(answer) => {
          const run = news === undefined ? answer : { ...answer, facts: { ...answer.facts, ...news } };
          return (
            <>
              <Head facts={run.facts} />
              <Tabs {...{ run, id, tab }} />
              <div class="run-body">{tabOf(tab, { id, run, news, again })}</div>
            </>
          );
        }}
      </Answered>
    </div>
  );
}

function Head({ facts }: { readonly facts: RunFactsAnswer }): JSX.Element {
  const { experiment, run } = facts;
  return (
    <div class="run-head">
      <h1 data-testid="run-title">
        <To place={{ page: 'runs' }} query={new URLSearchParams({ experiment })} class="dim">
          {experiment}
        </To>
        <span class="dim">/</span>
        {run}
      </h1>
      <Status status={statusText(facts)} />
    </div>
  );
}

function Tabs({
  run,
  id,
  tab,
}: {
  readonly run: RunAnswer;
  readonly id: string;
  readonly tab: RunTab;
}): JSX.Element {
  const counts: Partial<Record<RunTab, number>> = {
    metrics: Object.keys(run.facts.metrics ?? {}).length,
    files: run.artifacts.length + run.files.length + versionCount(run.facts),
    media: run.media.length,
    histograms: histogramNames(run).length,
    ...(run.hasSystemMetrics ? {} : { system: 0 }),
  };
  return (
    <nav class="tabs" aria-label="Parts of the run">
      {RUN_TABS.filter((name) => counts[name] !== 0 || name === tab).map((name) => (
        <To
          key={name}
          place={runPlace(id, name)}
          data-testid={`tab-${name}`}
          aria-current={name === tab ? 'page' : undefined}
        >
          {name}
          {counts[name] === undefined ? null : <span class="count">{counts[name]}</span>}
        </To>
      ))}
    </nav>
  );
}

const versionCount = ({ loggedArtifacts = {}, usedArtifacts = {} }: RunFactsAnswer): number =>
  Object.keys(loggedArtifacts).length + Object.keys(usedArtifacts).length;

interface TabProps {
  readonly id: string;
  readonly run: RunAnswer;
  /** The latest facts that the server sent, if any. */
  readonly news: RunFactsAnswer | undefined;
  readonly again: () => void;
}

function tabOf(tab: RunTab, { id, run, news, again }: TabProps): JSX.Element {
  switch (tab) {
    case 'overview':
      return <OverviewTab {...{ id, run, again }} />;
    case 'metrics':
      return <MetricsTab {...{ id, run }} />;
    case 'logs':
      return <LogsTab id={id} />;
    case 'files':
      return <FilesTab run={run} />;
    case 'media':
      return <MediaTab run={run} />;
    case 'histograms':
      return <HistogramsTab {...{ id, run, news }} />;
    case 'system':
      return <SystemTab {...{ id, news }} />;
    case 'environment':
      return <EnvironmentTab run={run} />;
  }
}
