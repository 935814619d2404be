import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { type Api, type ApiFailure, failureOf } from './api/api.js';
import { PageContext } from './api/use-api.js';
import { ComparePage } from './compare/compare-page.js';
import { CurvesPage } from './curves/curves-page.js';
import { Broken, Loading } from './parts/states.js';
import { RunPage } from './run/run-page.js';
import { RunsPage } from './runs/runs-page.js';
import { Shell } from './shell.js';
import { route } from './state/navigation.js';
import { SweepPage } from './sweep/sweep-page.js';

type Begun =
  | { readonly state: 'beginning' }
  | { readonly state: 'failed'; readonly failure: ApiFailure }
  | { readonly state: 'begun'; readonly page: PageContext };

/** The whole page, from the first question to the server on. */
export function Page({ begin }: { readonly begin: () => Promise<Api> }): JSX.Element {
  const [begun, setBegun] = useState<Begun>({ state: 'beginning' });
  const start = useCallback(() => {
    setBegun({ state: 'beginning' });
    begin()
      .then(async (api) => ({ api, server: await api.server() }))
      .then(
        (page) => setBegun({ state: 'begun', page }),
        (error: unknown) => setBegun({ state: 'failed', failure: failureOf(error) }),
      );
  }, [begin]);
  useEffect(start, [start]);
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
      <p>
        Use the one that <code>expman serve</code> printed: it ends in <code>#token=…</code> and is good for
        as long as that server runs.
      </p>
    </main>
  );
}
