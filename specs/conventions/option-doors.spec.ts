import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, LoggingEngine, histogram, resumeRun } from 'expman-rx';
import { serve, writeReport } from 'expman-rx/dashboard';
import {
  EXPORTERS,
  archiveExperiment,
  archiveRun,
  copyRun,
  exchangeRunOf,
  exportExperiment,
  exportRun,
  importRuns,
  mergeRuns,
  moveRun,
  unarchiveExperiment,
  unarchiveRun,
} from 'expman-rx/interop';
import { divergence, downsample, eta, logLatency, logTo, plateau, rate, tee } from 'expman-rx/operators';
import { compareCases, evaluate, gate } from 'expman-rx/evaluate';
import { observe } from 'expman-rx/otel';
import { progress } from 'expman-rx/progress';
import {
  amendRun,
  openArtifacts,
  monitorRuns,
  openExperiments,
  openRun,
  queryRuns,
  recoverRun,
  stopRun,
  streamQuery,
} from 'expman-rx/reader';
import { createSearcher, createStudy, sweep, uniform } from 'expman-rx/sweep';
import { SummaryWriter, tensorboardImporter } from 'expman-rx/tensorboard';
import { fitCallbacks } from 'expman-rx/tfjs';
import { ExpmanReporter } from 'expman-rx/vitest';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';
import { type OptionDoor, optionDoors } from './option-doors.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = tempFolders('option-doors', afterAll);
const SPACE = { x: uniform(0, 1) };
const meter = {
  createObservableGauge: () => ({ addCallback: () => undefined, removeCallback: () => undefined }),
};

let base: string;
let run: LoggingEngine;

/** How a door is called with some options. */
interface DoorCall {
  readonly call: (options: never) => unknown;
  /** Options that must be there. */
  readonly given?: object;
  /** Which is taken as no options at all, and always was. */
  readonly takesNull?: true;
  /** The options for which NaN means that the value is not known. */
  readonly takesNaN?: readonly string[];
}

const isOpen = (): ReturnType<typeof openRun> => openRun(run.runDir);
const emitter = { on: () => undefined, off: () => undefined };
const inSweep = { name: 'swept', metric: 'loss', trials: 1 };

/** Options of what writes into a folder of experiments, with one of these specs. */
const inBase = <T>(options: T): T =>
  typeof options === 'object' && options !== null && !Array.isArray(options)
    ? { ...options, baseDir: (Reflect.get(options, 'baseDir') as unknown) ?? base }
    : options;

/** A call for each door there is; which there are says the compiler. */
const CALLS: Readonly<Record<string, DoorCall>> = {
  'Experiments.points(PointQuery)': { call: (options) => openExperiments(base).points('loss', options) },
  'Experiments.groups(GroupQuery)': { call: (options) => openExperiments(base).groups(options) },
  'Experiments.series(SeriesQuery)': {
    call: (options) => openExperiments(base).series('loss', options),
  },
  'Experiments.runs(RunQuery)': { call: (options) => openExperiments(base).runs(options) },
  'LoggableRun.alert(AlertOptions)': { call: (options) => run.alert('a', options) },
  'LoggingEngine.alert(AlertOptions)': { call: (options) => run.alert('a', options) },
  'monitorRuns(MonitorOptions)': { call: (options) => monitorRuns(base, options) },
  'stopRun(StopOptions)': { call: (options) => stopRun(run.runDir, options) },
  'LoggableRun.defineMetric(MetricDefinition)': {
    call: (options) => run.defineMetric('loss', options),
    given: { goal: 'min' },
  },
  'Artifacts.prune(PruneOptions)': { call: (options) => openArtifacts(base).prune(options) },
  'LoggableRun.logArtifact(LogArtifactOptions)': {
    call: (options) => run.logArtifact('door', { w: { text: 'w' } }, options),
  },
  'LoggingEngine.logArtifact(LogArtifactOptions)': {
    call: (options) => run.logArtifact('door', { w: { text: 'w' } }, options),
  },
  'LoggableRun.summary(SummaryOptions)': { call: (options) => run.summary({ rate: 1 }, options) },
  'LoggingEngine.defineMetric(MetricDefinition)': {
    call: (options) => run.defineMetric('loss', options),
    given: { goal: 'min' },
  },
  'LoggableRun.saveCheckpoint(CheckpointOptions)': {
    call: (options) => run.saveCheckpoint(1, { text: 'x' }, options),
    given: { goal: 'min' },
  },
  'LoggingEngine.saveCheckpoint(CheckpointOptions)': {
    call: (options) => run.saveCheckpoint(1, { text: 'x' }, options),
    given: { goal: 'min' },
  },
  'LoggingEngine.summary(SummaryOptions)': { call: (options) => run.summary({ rate: 1 }, options) },
  'LoggableRun.logHistogram(HistogramOptions)': {
    call: (options) => run.logHistogram('h', [1], 0, options),
  },
  'LoggingEngine.logHistogram(HistogramOptions)': {
    call: (options) => run.logHistogram('h', [1], 0, options),
  },
  'LoggingEngine.logImage(ImageOptions)': {
    call: (options) => run.logImage('i', SVG, 0, options),
    takesNull: true,
  },
  'LoggingEngine.logMedia(MediaOptions)': {
    call: (options) => run.logMedia('m', SVG, 0, options),
    takesNull: true,
  },
  'Progress.add(Pick)': {
    call: (options) =>
      using(progress([], { stream: { write: () => true } }), (shown) => shown.add(run, options)),
    takesNaN: ['total'],
  },
  'StoredRun.batches(RowSelection)': { call: (options) => isOpen().batches(options).next() },
  'StoredRun.follow(FollowOptions)': { call: (options) => isOpen().follow(options) },
  'StoredRun.logs(LogFilter)': { call: (options) => isOpen().logs(options) },
  'StoredRun.metrics(RowSelection)': { call: (options) => isOpen().metrics(options) },
  'StoredRun.points(PointSelection)': { call: (options) => isOpen().points('loss', options) },
  'StoredRun.recover(RecoverOptions)': { call: (options) => isOpen().recover(options) },
  'StoredRun.rows(RowSelection)': { call: (options) => isOpen().rows(options).next() },
  'amendRun(RunChanges)': {
    call: (options) => amendRun(run.runDir, options),
    given: { notes: 'x' },
  },
  'archiveExperiment(ArchiveOptions)': {
    call: (options) => archiveExperiment(join(base, 'exp'), join(folder(), 'a'), options),
  },
  'archiveRun(ArchiveOptions)': { call: (options) => archiveRun(run.runDir, join(base, 'a'), options) },
  'copyRun(PlaceOptions)': {
    call: (options) => copyRun(run.runDir, options),
    given: { experiment: 'copied' },
  },
  'mergeRuns(MergeOptions)': { call: (options) => mergeRuns([run.runDir, join(base, 'exp')], 'x', options) },
  'moveRun(PlaceOptions)': {
    call: (options) => moveRun(run.runDir, options),
    given: { experiment: 'moved' },
  },
  'createSearcher(SearcherOptions)': {
    call: (options) => createSearcher('tpe', SPACE, options),
    given: { seed: 1, mode: 'min' },
  },
  'createStudy(AskTellOptions)': {
    call: (options) => createStudy(SPACE, inBase(options)).close(),
    given: { name: 'asked' },
  },
  'divergence(DivergenceOptions)': { call: divergence },
  'downsample(DownsampleOptions)': { call: (options) => downsample(3, options) },
  'eta(EtaOptions)': { call: (options) => eta(10, options) },
  'compareCases(CompareCasesOptions)': {
    call: (options) => compareCases(run.runDir, run.runDir, options),
  },
  'evaluate(EvaluateOptions)': {
    call: (options) => evaluate([], () => 1, options),
    get given() {
      return { run };
    },
  },
  'gate(GateOptions)': {
    call: (options) => gate(run.runDir, options),
    given: { metric: 'loss', min: 0, tag: false },
  },
  'exchangeRunOf(ExportOptions)': { call: (options) => exchangeRunOf(run.runDir, options) },
  'exportExperiment(ExportOptions)': {
    call: (options) => exportExperiment(join(base, 'exp'), 'csv', join(folder(), 'x'), options),
  },
  'exportExperiment(OwnExportOptions)': {
    call: (options) => exportExperiment(join(base, 'exp'), 'csv', join(folder(), 'x'), options),
    given: { exporters: EXPORTERS },
  },
  'exportRun(ExportOptions)': {
    call: (options) => exportRun(run.runDir, 'csv', join(folder(), 'x.csv'), options),
  },
  'exportRun(OwnExportOptions)': {
    call: (options) => exportRun(run.runDir, 'csv', join(folder(), 'x.csv'), options),
    given: { exporters: EXPORTERS },
  },
  'fitCallbacks(FitCallbacksOptions)': { call: (options) => fitCallbacks(run, options) },
  'histogram(HistogramOptions)': { call: (options) => histogram([1], options) },
  'importRuns(ImportOptions)': {
    call: (options) => importRuns(join(base, 'nothing'), options),
    given: { dir: './nowhere' },
  },
  'importRuns(OwnImportOptions)': {
    call: (options) => importRuns(join(base, 'nothing'), options),
    given: { dir: './nowhere', importers: [] },
  },
  'logLatency(LogLatencyOptions)': { call: (options) => logLatency(run, 'ms', options) },
  'logTo(LogRowsOptions)': { call: (options) => logTo(run, options) },
  'logTo(LogValuesOptions)': { call: (options) => logTo(run, options) },
  'new ExpmanReporter(ExpmanReporterOptions)': {
    call: (options) => new ExpmanReporter(options),
    given: { experiment: 'e' },
  },
  'new ExperimentConfig(ExperimentOptions)': {
    call: (options) => new ExperimentConfig('e', base, options),
  },
  'new SummaryWriter(SummaryWriterOptions)': {
    call: (options) => new SummaryWriter(join(base, 'tb'), options).close(),
  },
  'observe(ObserveOptions)': { call: (options) => observe(run, meter, options).unsubscribe() },
  'openExperiments(ExperimentsOptions)': { call: (options) => openExperiments(base, options) },
  'plateau(PlateauOptions)': { call: plateau, given: { patience: 1 } },
  'progress(ProgressOptions)': { call: (options) => progress([], options).stop(), takesNaN: ['total'] },
  'queryRuns(QueryOptions)': { call: (options) => queryRuns(base, 'SELECT 1', options) },
  'rate(RateOptions)': { call: rate },
  'recoverRun(RecoverOptions)': { call: (options) => recoverRun(join(base, 'nothing'), options) },
  'resumeRun(ResumeOptions)': {
    call: async (options) => {
      const closed = new LoggingEngine(new ExperimentConfig('resumed', folder(), { environment: false }));
      await closed.close();
      await (await resumeRun(closed.runDir, options)).run.close();
    },
  },
  'serve(ServeOptions)': { call: async (options) => (await serve(base, options)).close() },
  'streamQuery(QueryOptions)': {
    call: async (options) => (await streamQuery(base, 'SELECT 1', options)).close(),
  },
  'sweep(SweepOptions)': {
    call: (options) => stopped(sweep(SPACE, ({ run: own }) => own.logMetrics({ loss: 1 }), inBase(options))),
    given: inSweep,
  },
  'sweep(WorkerSweepOptions)': {
    call: (options) => stopped(sweep(SPACE, inBase(options))),
    given: { ...inSweep, worker: new URL('data:text/javascript,export default () => {}') },
  },
  'sweep(QueueSweepOptions)': {
    call: (options) => stopped(sweep(SPACE, beside({ queue: 'redis://127.0.0.1:1' }, inBase(options)))),
    // Nobody listens there: it waits until it is stopped.
    given: { ...inSweep, queue: 'redis://127.0.0.1:1' },
  },
  'sweep(SlotSweepOptions)': {
    call: (options) => stopped(sweep(SPACE, beside({ slots: [{}] }, inBase(options)))),
    given: { ...inSweep, slots: [{}], worker: new URL('data:text/javascript,export default () => {}') },
  },
  'tee(LogRowsOptions)': { call: (options) => tee([1], run, options) },
  'tee(LogValuesOptions)': { call: (options) => tee([1], run, options) },
  'tee(TeeEventOptions)': {
    call: (options) => tee(emitter, run, options).unsubscribe(),
    given: { event: 'row' },
  },
  'tensorboardImporter(TensorBoardImportOptions)': { call: tensorboardImporter },
  'unarchiveExperiment(UnarchiveExperimentOptions)': {
    call: (options) => unarchiveExperiment(join(base, 'nothing'), join(base, 'un'), options),
  },
  'unarchiveRun(UnarchiveOptions)': {
    call: (options) => unarchiveRun(join(base, 'nothing'), join(base, 'un'), options),
  },
  'writeReport(ReportOptions)': {
    call: (options) => writeReport([run.runDir], join(folder(), 'r.html'), options),
  },
};

const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');

function using<T extends Disposable>(resource: T, use: (resource: T) => void): void {
  using held = resource;
  use(held);
}

/** Adds the option by which one of several doors of a name is chosen; what is not an object stays as it is. */
const beside = <T>(chooses: object, options: T): T =>
  typeof options === 'object' && options !== null && !Array.isArray(options)
    ? { ...chooses, ...options }
    : options;

async function stopped(study: { stop(): void; readonly result: Promise<unknown> }): Promise<void> {
  study.stop();
  await study.result.catch(() => undefined);
}

const tsOptions = ((): ts.CompilerOptions => {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  return ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, host)?.options ?? {};
})();

/** The entries of the package, as its manifest names them. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  };
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string'
      ? []
      : [join(root, entry.types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts'))],
  );
}

const doors = optionDoors(entries(), tsOptions, (file) => file.startsWith(join(root, 'src')));

beforeAll(() => {
  base = folder();
  run = new LoggingEngine(
    new ExperimentConfig('exp', base, { environment: false, runName: 'r', onInvalid: 'throw' }),
  );
  run.logMetrics({ loss: 1 }, 0);
});
afterAll(() => run.close());

interface Refusal {
  readonly code?: string;
  readonly option?: string;
  readonly message: string;
}

/** What a call is refused with, thrown or as a rejection; null where it is accepted. */
async function refusal(call: () => unknown): Promise<Refusal | null> {
  try {
    await call();
    return null;
  } catch (error) {
    return error as Refusal;
  }
}

const callOf = ({ name }: OptionDoor): DoorCall => {
  const call = CALLS[name];
  if (call === undefined) throw new Error(`${name} has no call here`);
  return call;
};

/** All refusals of a door that are not as they should be, in words. */
async function faultsOf(
  door: OptionDoor,
  attempts: readonly (readonly [what: string, options: unknown, fits: (refusal: Refusal) => boolean])[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const [what, options, fits] of attempts) {
    const refused = await refusal(() => callOf(door).call(options as never));
    if (refused === null) faults.push(`${what}: accepted`);
    else if (!fits(refused)) faults.push(`${what}: ${refused.code ?? 'no code'} ${refused.message}`);
  }
  return faults;
}

const namesIn = (message: string): string[] => message.replace(/.*Known options: /, '').split(', ');

describe('a public call with options', () => {
  it('is found by the types of the entries, and each is called here', () => {
    expect(entries().length).toBeGreaterThan(9);
    expect(doors.map(({ name }) => name)).toEqual(Object.keys(CALLS).sort());
  });

  it.each(doors.map((door) => [door.name, door] as const))(
    'refuses a misspelt option with the nearest name and all there are: %s',
    async (_, door) => {
      const known = new Set(door.options.map(({ name }) => name));
      const misspelt = door.options.filter(({ name }) => !known.has(`${name}s`));
      const attempts = misspelt.map(({ name }) => {
        const start = `unknown option "${name}s"; did you mean "${name}"? Known options: `;
        const isTold = ({ code, option, message }: Refusal): boolean =>
          code === 'INVALID_OPTION' &&
          option === `${name}s` &&
          message.startsWith(start) &&
          door.options.every((each) => namesIn(message).includes(each.name));
        return [name, { [`${name}s`]: undefined }, isTold] as const;
      });
      expect(await faultsOf(door, attempts)).toEqual([]);
    },
  );

  it.each(doors.map((door) => [door.name, door] as const))(
    'refuses a value of a wrong type, and names the option: %s',
    async (_, door) => {
      const { given, takesNaN = [] } = callOf(door);
      const attempts = door.options.flatMap(({ name, takesSymbol }) =>
        [...(takesNaN.includes(name) ? [] : [NaN]), ...(takesSymbol ? [] : [Symbol('wrong')])].map(
          (wrong) =>
            [
              `${name}: ${String(wrong)}`,
              { ...given, [name]: wrong },
              ({ code, option }: Refusal) =>
                code === 'INVALID_NAME' || (code === 'INVALID_OPTION' && option === name),
            ] as const,
        ),
      );
      expect(await faultsOf(door, attempts)).toEqual([]);
    },
  );

  it.each(doors.map((door) => [door.name, door] as const))(
    'refuses a misspelt option inside of an option: %s',
    async (_, door) => {
      const { given } = callOf(door);
      const attempts = door.options.flatMap(({ name, inner }) =>
        inner.flatMap(({ fixed, names }) =>
          names.map((innerName) => {
            const options = { ...given, [name]: { ...fixed, [`${innerName}s`]: 1 } };
            const isTold = ({ code, message }: Refusal): boolean =>
              code === 'INVALID_OPTION' &&
              message.includes(`unknown option "${innerName}s"; did you mean "${innerName}"?`);
            return [`${name}.${innerName}`, options, isTold] as const;
          }),
        ),
      );
      expect(await faultsOf(door, attempts)).toEqual([]);
    },
  );

  it.each(doors.map((door) => [door.name, door] as const))(
    'refuses what is not an object: %s',
    async (_, door) => {
      const wrong = [5, 'x', [], () => 1, ...(callOf(door).takesNull ? [] : [null])];
      const attempts = wrong.map(
        (options) =>
          [
            String(options),
            options,
            ({ code, message }: Refusal) =>
              code === 'INVALID_OPTION' && message.startsWith('options must be an object; got'),
          ] as const,
      );
      expect(await faultsOf(door, attempts)).toEqual([]);
    },
  );

  it.each(doors.map((door) => [door.name, door] as const))(
    'takes undefined for absent, whatever the option: %s',
    async (_, door) => {
      const absent = door.options.filter(({ isOptional }) => isOptional).map(({ name }) => [name, undefined]);
      const refused = await refusal(() =>
        callOf(door).call({ ...Object.fromEntries(absent), ...callOf(door).given } as never),
      );
      // What is not there, or no archive, is not the options' fault.
      expect(['RUN_NOT_FOUND', 'RUN_LOCKED', 'IO', null]).toContain(refused && refused.code);
    },
  );
});

describe('the search for calls with options', () => {
  it('sees functions, constructors, methods of what they return, and options in options', () => {
    const dir = mkdtempSync(join(tmpdir(), 'expman-doors-'));
    try {
      writeFileSync(
        join(dir, 'entry.ts'),
        `export interface Paint { readonly colour?: string; readonly frame?: boolean | { readonly width?: number } }
        interface Picture { show(how?: { readonly large?: boolean }): void; readonly size: number }
        export function paint(what: string, how: Paint = {}): Promise<Picture> { throw new Error(what + String(how)); }
        export class Easel { constructor(readonly paint: Paint) {} private turn(how: Paint): void { this.#lift(how); } #lift(how: Paint): void { this.turn(how); } }
        export const brush = (what: { readonly width: number }): number => what.width;
        export interface EmptyOptions { readonly all: boolean }
        export const sweep = (options: EmptyOptions): boolean => options.all;`,
      );
      const found = optionDoors([join(dir, 'entry.ts')], tsOptions, (file) => file.startsWith(dir));
      expect(found.map(({ name }) => name)).toEqual([
        'Picture.show(__type)',
        'new Easel(Paint)',
        'paint(Paint)',
        'sweep(EmptyOptions)',
      ]);
      expect(found.at(2)?.options).toEqual([
        { name: 'colour', isOptional: true, takesSymbol: false, inner: [] },
        { name: 'frame', isOptional: true, takesSymbol: false, inner: [{ fixed: {}, names: ['width'] }] },
      ]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
