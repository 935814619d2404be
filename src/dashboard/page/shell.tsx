import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Connection } from './api/api.js';
import { usePage } from './api/use-api.js';
import { To } from './parts/link.js';
import { HowToGoOn } from './parts/states.js';
import { route } from './state/navigation.js';
import { changedQuery, type Place } from './state/route.js';
import { listTurn } from './state/news.js';
import { theme, toggleTheme } from './state/theme.js';

const NAMES: Readonly<Record<Connection, string>> = {
  connecting: 'connecting',
  connected: 'live',
  disconnected: 'disconnected, trying again',
  expired: 'address expired',
  none: '',
};

/** Titles for pages that do not show one. */
const TITLES: Partial<Record<Place['page'], string>> = {
  runs: 'Runs',
  curves: 'Curves of the selected runs',
  compare: 'The selected runs side by side',
  history: 'One figure over many runs',
};

/** The head of the page with its navigation, and the current place below it. */
export function Shell({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const { api, server } = usePage();
  const connection = useConnection();
  const { place, query } = route.value;
  const chosen = query.getAll('run');
  const selection = new URLSearchParams(chosen.map((id) => ['run', id]));
  const current = (page: string): 'page' | undefined => (place.page === page ? 'page' : undefined);
  useEffect(() => {
    const turn = (): void => {
      listTurn.value++;
    };
    return api.live(
      { runs: [], metrics: [], logs: false },
      { runs: turn, open: (again) => (again ? turn() : undefined) },
    );
  }, [api]);
  useEffect(() => {
    document.title = place.page === 'run' ? `${place.run} · ${server.title}` : `${server.title} · expman`;
  }, [place, server.title]);
  return (
    <>
      <a class="skip" href="#content" onClick={skipToContent}>
        Skip to the content
      </a>
      <header class="head">
        <To place={{ page: 'runs' }} class="brand">
          <Mark /> <span>{server.title}</span>
        </To>
        <nav aria-label="Pages">
          <To place={{ page: 'runs' }} query={selection} aria-current={current('runs')}>
            Runs
          </To>
          <To place={{ page: 'curves' }} query={selection} aria-current={current('curves')}>
            Curves
          </To>
          <To place={{ page: 'compare' }} query={selection} aria-current={current('compare')}>
            Compare
          </To>
          <To
            place={{ page: 'history' }}
            query={historyQuery(place, query)}
            aria-current={current('history')}
          >
            History
          </To>
          {api.isLive ? (
            <To place={{ page: 'artifacts' }} aria-current={current('artifacts')}>
              Artifacts
            </To>
          ) : null}
        </nav>
        <span class="grow" />
        {api.isLive ? <ConnectionState state={connection} /> : <span class="dim">report</span>}
        <button
          type="button"
          class="quiet"
          data-testid="theme"
          onClick={toggleTheme}
          title={theme.value === 'dark' ? 'Light colours' : 'Dark colours'}
          aria-label={theme.value === 'dark' ? 'Light colours' : 'Dark colours'}
        >
          <span aria-hidden="true">{theme.value === 'dark' ? '☀' : '☾'}</span>
        </button>
      </header>
      <main id="content" tabIndex={-1}>
        {connection === 'expired' ? <Expired /> : null}
        {place.page in TITLES ? <h1 class="hidden">{TITLES[place.page]}</h1> : null}
        {children}
      </main>
    </>
  );
}

/** The history of the runs that are being looked at. */
function historyQuery(place: Place, query: URLSearchParams): URLSearchParams {
  if (place.page === 'history') return query;
  const of = (key: string): string | null => (place.page === 'runs' ? query.get(key) : null);
  const experiment = 'experiment' in place ? place.experiment : of('experiment');
  return changedQuery(new URLSearchParams(), { experiment, where: of('where') });
}

/** The fragment is the page's own state: the link moves the focus and does not change it. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function useConnection(): Connection {
  const { api } = usePage();
  const [state, setState] = useState<Connection>('connecting');
  useEffect(() => api.connection(setState), [api]);
  return state;
}

/**
 * A notice that leaves the contents in place: opening the new address in this tab continues from
 * here.
 */
function Expired(): JSX.Element {
  return (
    <div class="notice" role="alert">
      <strong>This address has expired: the server has been restarted.</strong>
      <HowToGoOn />
    </div>
  );
}

function ConnectionState({ state }: { readonly state: Connection }): JSX.Element {
  return (
    <span class={`connection connection-${state}`} data-testid="connection" data-state={state} role="status">
      {NAMES[state]}
    </span>
  );
}

function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
      <path d="M2 3v14h16" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" />
      <path
        d="M5 4c1.5 8 5 9.5 12 10"
        fill="none"
        class="mark-line"
        stroke-width="2"
        stroke-linecap="round"
      />
    </svg>
  );
}
