import { dirname } from 'node:path';
import { VERSION } from '../../model/version.js';
import type { RunFacts } from '../../model/run-facts.js';
import { definitionOf } from '../../pure/metric-definition.js';
import { mediaOf } from '../../reader/read-media.js';
import { openStoredRun } from '../../reader/stored-run.js';
import { readWhole } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { ExperimentFacts, HistogramsAnswer, RunAnswer, SweepAnswer, SystemAnswer } from '../api.js';
import { imageTypeAt } from '../data/image-type.js';
import type { RunPlace } from '../data/data-messages.js';
import { experimentFacts } from '../data/experiment-facts.js';
import type { PageOf } from '../data/lineage-answer.js';
import { readHistograms, readRun, readSystem } from '../data/read-run.js';
import { curvesOfRun } from '../data/read-series.js';
import { readSweep, sweepFolder } from '../data/read-sweep.js';
import type { ReportData, ReportRun, ReportSeries } from '../report-data.js';

/**
 * Points of a curve.
 *
 * @bound tells: a curve that is not exact says of how many values it is;
 * specs/dashboard/page/saved-charts.spec.ts "says that its lines are a sample, where they are, and
 * of how many values"
 */
const MAX_POINTS = 2000;
/**
 * @bound tells: the first line of the log says that earlier ones are missing;
 * specs/dashboard/page/report.spec.ts "says before the lines of a log that it has not all of them,
 * whatever is looked for in it"
 */
const MAX_LINES = 1000;
/**
 * Images that fit go into the report.
 *
 * @bound tells: in the place of the image; specs/dashboard/page/preview.spec.ts "that a report does
 * not hold says so"
 */
const MAX_IMAGE_BYTES = 1024 * 1024;
/**
 * @bound tells: in the place of the image; specs/dashboard/page/preview.spec.ts "that a report does
 * not hold says so"
 */
const MAX_IMAGES_BYTES = 16 * 1024 * 1024;

/** Collects the contents of a report. @throws ExpmanError as reading a run does */
export async function collectReport(
  runs: readonly RunFacts[],
  title: string,
  onRun: (done: number) => void = () => undefined,
): Promise<ReportData> {
  const images = new Images();
  const collected: ReportRun[] = [];
  const ids = new Map(runs.map(({ runDir, experiment, run }) => [runDir, `${experiment}/${run}`]));
  for (const [index, facts] of runs.entries()) {
    onRun(index);
    collected.push(await collectRun(facts, images, (runDir) => ids.get(runDir) ?? null));
  }
  const folders = new Map(runs.map(({ experiment, runDir }) => [experiment, dirname(runDir)]));
  const sweeps = [...folders].flatMap(([name, folder]) =>
    sweepFolder(folder) === null
      ? []
      : [[name, (JSON.parse(readSweep(folder)) as SweepAnswer).sweep] as const],
  );
  const experiments = [...folders].map(([name, folder]): ExperimentFacts =>
    experimentFacts(
      name,
      runs.filter(({ experiment }) => experiment === name),
      0,
      folder,
    ),
  );
  return {
    server: { version: VERSION, title },
    writtenAt: new Date().toISOString(),
    experiments,
    runs: collected,
    sweeps: Object.fromEntries(sweeps),
  };
}

async function collectRun(
  { experiment, run, runDir, startedAt }: RunFacts,
  images: Images,
  pageOf: PageOf,
): Promise<ReportRun> {
  const place: RunPlace = { id: `${experiment}/${run}`, runDir, startedMs: Date.parse(startedAt) };
  const answer = JSON.parse(readRun(place, pageOf)) as RunAnswer;
  const stored = openStoredRun(nodeFs, runDir);
  const histograms: Record<string, HistogramsAnswer> = {};
  for (const { name, type } of answer.fields) {
    if (type !== 'UTF8') continue;
    const read = JSON.parse(readHistograms(place, name)) as HistogramsAnswer;
    if (read.histograms.length > 0) histograms[name] = read;
  }
  const pictures = new Map(
    mediaOf(nodeFs, runDir).map((media) => [media.name + String(media.step), media.path]),
  );
  const lines = await stored.logs({ last: MAX_LINES + 1 });
  return {
    answer: {
      ...answer,
      artifacts: answer.artifacts.map((artifact) => ({ ...artifact, href: '' })),
      media: answer.media.map((media) => {
        const href = media.isImage ? images.add(pictures.get(media.name + String(media.step)) ?? '') : '';
        return { ...media, isImage: href !== '', href };
      }),
    },
    series: collectSeries(place, answer),
    logs: lines.slice(-MAX_LINES).map(({ meta, ...line }) => ({ ...line, meta: { ...meta } })),
    ...(lines.length > MAX_LINES && { isLogCut: true }),
    system: (JSON.parse(readSystem(place)) as SystemAnswer).columns,
    histograms,
  };
}

function collectSeries(place: RunPlace, { fields, facts }: RunAnswer): ReportSeries[] {
  const names = new Set(fields.map(({ name }) => name));
  const beside = new Map(
    [...names].flatMap((name) => {
      const { x } = definitionOf(facts.definitions ?? {}, name);
      return x === undefined || !names.has(x) ? [] : [[name, x] as const];
    }),
  );
  const { curves } = curvesOfRun(place.runDir, {
    ...{ metric: [...names], x: 'step', points: MAX_POINTS, withTimes: true, beside },
  });
  // A column of text may have held numbers for a while, or only texts.
  const ofText = new Set(fields.flatMap(({ name, type }) => (type === 'UTF8' ? [name] : [])));
  return [...curves]
    .filter(([metric, { values }]) => values > 0 || !ofText.has(metric))
    .map(([metric, { x, times, beside: over, ...curve }]) => ({
      ...{ metric, step: x, time: times, ...curve },
      ...overOf(beside.get(metric), over),
    }));
}

const overOf = (metric: string | undefined, x: readonly number[]): Pick<ReportSeries, 'over'> =>
  metric === undefined
    ? {}
    : { over: { metric, x: x.map((value) => (Number.isFinite(value) ? value : null)) } };

/** Turns images into `data:` addresses while there is room. */
class Images {
  private left = MAX_IMAGES_BYTES;

  add(path: string): string {
    const type = path === '' ? null : imageTypeAt(path);
    const size = type === null ? Infinity : (nodeFs.stat(path)?.size ?? Infinity);
    if (type === null || size > Math.min(this.left, MAX_IMAGE_BYTES)) return '';
    this.left -= size;
    return `data:${type};base64,${readWhole(nodeFs, path, MAX_IMAGE_BYTES).toString('base64')}`;
  }
}
