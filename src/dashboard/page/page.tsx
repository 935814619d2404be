import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { type Api, type ApiFailure, failureOf } from './api/api.js';
import { PageContext } from './api/use-api.js';
import { ArtifactsPage } from './artifacts/artifacts-page.js';
import { ComparePage } from './compare/compare-page.js';
import { CurvesPage } from './curves/curves-page.js';
import { HistoryPage } from './history/history-page.js';
import { Broken, HowToGoOn, Loading } from './parts/states.js';
import { RunPage } from './run/run-page.js';
import { RunsPage } from './runs/runs-page.js';
import { Shell } from './shell.js';
import { onToken, route } from './state/navigation.js';
import { SweepPage } from './sweep/sweep-page.js';

type Begun =
  | { readonly state: 'beginning' }
  | { readonly state: 'failed'; readonly failure: ApiFailure }
  | { readonly state: 'begun'; readonly page: PageContext };

/** The whole page, starting with the first request to the server. */
export function Page({ begin }: { readonly begin: () => Promise<Api> }): JSX.Element {
  const [begun, setBegun] = useState<Begun>({ state: 'beginning' });
  const renew = useCallback(() => {
    begin()
      .then(async (api) => ({ api, server: await api.server() }))
      .then(
        (page) => setBegun({ state: 'begun', page }),
        (error: unknown) => setBegun({ state: 'failed', failure: failureOf(error) }),
      );
  }, [begin]);
  const start = useCallback(() => {
    setBegun({ state: 'beginning' });
    renew();
  }, [renew]);
  useEffect(start, [start]);
  // A new token reloads everything; the current contents stay until the new ones arrive.
  useEffect(() => onToken(renew), [renew]);
  switch (begun.state) {
    case 'beginning':
      return <Loading what="the experiments" />;
    case 'failed':
      return begun.failure.status === 401 ? <Expired /> : <Broken failure={begun.failure} again={start} />;
    case 'begun':
      return (
        <PageContext.Provider value={begun.page}>
          <Shell>
            <Here />
          </Shell>
        </PageContext.Provider>
      );
  }
}

function Here(): JSX.Element {
  const { place } = route.value;
  switch (place.page) {
    case 'runs':
      return <RunsPage />;
    case 'curves':
      return <CurvesPage />;
    case 'compare':
      return <ComparePage />;
    case 'history':
      return <HistoryPage />;
    case 'artifacts':
      return <ArtifactsPage {...place} />;
    case 'run': {
      const id = `${place.experiment}/${place.run}`;
      return <RunPage key={id} id={id} tab={place.tab} />;
    }
    case 'sweep':
      return <SweepPage key={place.experiment} experiment={place.experiment} />;
  }
}

function Expired(): JSX.Element {
  return (
    <main class="alone">
      <h1>This address has expired</h1>
      <HowToGoOn />
    </main>
  );
}
