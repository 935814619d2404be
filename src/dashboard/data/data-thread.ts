/**
 * A thread that reads runs for the dashboard, so that a read that is slow or never ends delays no
 * other request.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { firstValueFrom, timer } from 'rxjs';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { jsonText } from '../../model/json-text.js';
import { changeRun } from './change-run.js';
import { LiveRun } from './live-run.js';
import type { DataRequest, DataThreadData, FromDataThread, ToDataThread, Watch } from './data-messages.js';
import { pagesBelow } from './lineage-answer.js';
import { listArtifacts, listVersions, readVersion } from './read-artifacts.js';
import { readHistograms, readLogs, readRun, readSystem } from './read-run.js';
import { readSeries } from './read-series.js';
import { readSweep } from './read-sweep.js';
import { RunsView } from './runs-view.js';
import { beginQuestion } from './wanted.js';

const { dir, unwanted } = workerData as DataThreadData;
const view = new RunsView(dir);
const live = new Map<string, LiveRun>();

async function answer(request: DataRequest, post: (message: FromDataThread) => void): Promise<string> {
  switch (request.kind) {
    case 'runs':
      return view.page(request.query);
    case 'experiments':
      return view.experiments();
    case 'places':
      return jsonText(view.places(request.ids));
    case 'news':
      return jsonText(view.news(request.ids));
    case 'history':
      return view.history(request.query);
    case 'artifacts':
      return listArtifacts(dir, view.lineage(), request.part);
    case 'artifact':
      return listVersions(dir, request.name, view.lineage(), request.part);
    case 'version':
      return readVersion(dir, request, view.lineage(), request.part);
    case 'run':
      return readRun(request.place, pagesBelow(dir));
    case 'sweep':
      return readSweep(view.folderOf(request.experiment));
    case 'logs':
      return readLogs(request.place, request.filter);
    case 'system':
      return readSystem(request.place);
    case 'histograms':
      return readHistograms(request.place, request.metric);
    case 'series':
      return jsonText(readSeries(dir, request.ids, request.wish));
    case 'change':
      changeRun(request.place, request.change);
      view.forget();
      return readRun(request.place, pagesBelow(dir));
    case 'watch':
      watch(request.watches, post);
      // A follower finds its place with the first timer; this timer fires after it.
      await firstValueFrom(timer(0), { defaultValue: 0 });
      return '';
    default:
      return request satisfies never;
  }
}

function watch(watches: readonly Watch[], post: (message: FromDataThread) => void): void {
  const wanted = new Map(watches.map((each) => [each.place.id, each]));
  for (const [id, run] of live) {
    if (wanted.has(id)) continue;
    run.stop();
    live.delete(id);
  }
  for (const [id, each] of wanted) {
    const known = live.get(id);
    if (known !== undefined) known.change(each);
    else
      live.set(
        id,
        new LiveRun(each, (news) => {
          post({ kind: 'news', news });
        }),
      );
  }
}

const port = parentPort;
if (port !== null) {
  const post = (message: FromDataThread): void => {
    port.postMessage(message);
  };
  port.on('message', ({ call, request }: ToDataThread) => {
    beginQuestion(call, unwanted);
    answer(request, post).then(
      (text) => {
        post({ kind: 'answer', call, text });
      },
      (error: unknown) => {
        const code = error instanceof ExpmanError ? error.code : 'IO';
        post({ kind: 'failed', call, code, message: messageOf(error) });
      },
    );
  });
  post({ kind: 'running' });
}
