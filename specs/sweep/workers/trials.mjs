// What trials in worker threads do, one way for each parameter `way`; see sweep-workers.spec.ts.
import { setImmediate as turn } from 'node:timers/promises';
import { MessagePort, isMainThread, threadId } from 'node:worker_threads';
import { firstValueFrom, lastValueFrom, map, range, toArray } from 'rxjs';
// Of the modules, as the sweep that starts it is.
import { ExpmanError, currentRun } from '../../../dist/modules/index.js';

/** @typedef {import('expman-rx/sweep').WorkerTrial<{ readonly way: string; readonly x: number }>} Trial */

const STEPS = 2000;

/** @param {unknown} error */
const codeOf = (error) => (error instanceof ExpmanError ? error.code : 'none');

/** @type {Readonly<Record<string, (trial: Trial) => import('expman-rx/sweep').Training>>} */
const WAYS = {
  plain: ({ run, params }) => {
    if (isMainThread) throw new Error('this is no thread');
    for (let step = 0; step < STEPS; step++)
      run.logMetrics({ loss: params.x + STEPS - step, threadId }, step);
  },
  recorder: ({ run, params }) => {
    const record = run.recorder('loss', 'threadId');
    const values = new Float64Array(2);
    for (let step = 0; step < STEPS; step++) {
      const loss = params.x + STEPS - step;
      values.set([loss, threadId]);
      if (step % 3 === 0) run.logMetrics({ loss, threadId }, step);
      else if (step % 3 === 1) record(step, loss, threadId);
      else record(step, values);
    }
    record(STEPS, /** @type {never} */ (null), threadId);
  },
  'endless recorder': ({ run, signal, params }) => {
    // Never lets a message in.
    const record = run.recorder('loss');
    for (let step = 0; !signal.aborted; step++) record(step, params.x);
  },
  observable: ({ params }) => range(0, STEPS).pipe(map((step) => ({ loss: params.x + STEPS - step }))),
  generator: async function* ({ params }) {
    for (let step = 0; step < STEPS; step++) {
      if (step % 100 === 0) await turn();
      yield { loss: params.x + STEPS - step };
    }
  },
  everything: async ({ run, number, attempt }) => {
    run.logParams({ learning_rate: 0.1, nested: { deep: true } });
    run.summary({ score: 1, bad: /** @type {never} */ (null) }, { headline: true });
    run.defineMetric('loss', { goal: 'min' });
    run.logger.warn('%s', '100%d', { epoch: 3 });
    run.metrics.next({
      step: 7,
      timestamp: 1_700_000_000_000.25,
      values: { loss: -0, big: 2n ** 62n, flag: true, text: 'naïve\n', ['__proto__']: 1, nan: NaN },
    });
    run.logMetrics({ loss: 1, broken: /** @type {never} */ ({}) });
    const points = /** @type {number[]} */ ([]);
    run.metric('loss').subscribe({ next: ({ value }) => points.push(value), error: console.error });
    currentRun()?.logMetrics({ loss: number + attempt + 2 }, 8);
    await run.flush();
    const { bytes } = await run.saveArtifact('model/weights.bin', new Uint8Array(3));
    const refused = await run.saveArtifact('../out', new Uint8Array(3)).catch(codeOf);
    const missing = await run.saveArtifact('/nowhere/to/be/found').catch(codeOf);
    run.logger.info('told', { points, bytes, refused, missing, runDir: run.runDir, name: run.runName });
    const { path, ...kept } = await run.saveCheckpoint(8, { json: { w: 1 } }, { keep: 'best 1 by loss' });
    const noCheckpoint = await run.saveCheckpoint(8, /** @type {never} */ ('x')).catch(codeOf);
    run.logger.info('kept', { step: kept.step, values: kept.values, file: path.slice(-13), noCheckpoint });
    const files = { 'w.bin': new Uint8Array(2), far: { url: 'https://h/x', sha256: 'a'.repeat(64) } };
    const { ref } = await run.logArtifact('model', files, { aliases: ['best'] });
    const used = await run.useArtifact('model:best');
    const { length } = await used.read('w.bin');
    const unknown = await run.useArtifact('none').catch(codeOf);
    run.logger.info('versions', { ref, used: used.aliases, length, far: used.files[0]?.url, unknown });
    run.logHistogram('weights', [1, 2, 3], 8);
    run.logHistogram('broken weights', /** @type {never} */ ('text'), 8);
    for (const member of ['close', 'closed', 'health$', 'status$', 'logImage', 'logMedia', 'logTable'])
      try {
        Reflect.get(run, member);
      } catch (error) {
        run.logger.info(`no ${member}`, { code: codeOf(error) });
      }
    for (const member of ['lastStep', Symbol.dispose, Symbol.asyncDispose])
      try {
        Reflect.get(run, member);
      } catch (error) {
        const { code, option } = /** @type {ExpmanError} */ (error);
        run.logger.info(`no ${option}`, { code });
      }
  },
  refused: ({ run, number }) => {
    const seen = /** @type {unknown[]} */ ([]);
    run
      .metric('loss')
      .subscribe({ next: ({ step, value }) => seen.push([step, value]), error: console.error });
    const nothing = /** @type {never} */ (null);
    run.logMetrics({ loss: number === 1 ? nothing : number + 1 }, 0);
    run.logMetrics({ loss: nothing }, 1);
    run.logParams({ callback: () => 1 });
    run.logger.info('seen', { seen });
    for (let metric = 0; metric < 1500; metric++) run.logMetrics({ [`x${metric}`]: nothing }, 2);
  },
  stamped: ({ run }) => {
    run.logMetrics({ loss: 1 }, 7n);
    run.metrics.next({ step: 2n ** 60n, timestamp: 1234.5, values: { loss: 2 } });
    run.metrics.next({ step: 9, timestamp: 1234.5, values: { loss: 3 } });
  },
  throws: ({ run }) => {
    run.logMetrics({ loss: 1 }, 0);
    throw Object.assign(new RangeError('boom'), { fn: () => undefined });
  },
  exits: ({ run }) => {
    for (let step = 0; step < STEPS; step++) run.logMetrics({ loss: 1 }, step);
    process.exit(3);
  },
  'throws later': ({ run }) => {
    run.logMetrics({ loss: 1 }, 0);
    setTimeout(() => {
      throw new Error('out of the blue');
    }, 1);
    return new Promise(() => undefined);
  },
  hangs: ({ run }) => {
    for (let step = 0; step < 3; step++) run.logMetrics({ loss: 1 }, step);
    for (;;);
  },
  endless: ({ run, signal, params }) => {
    // Never lets a message in.
    for (let step = 0; !signal.aborted; step++) run.logMetrics({ loss: params.x }, step);
  },
  waits: async ({ run, signal }) => {
    run.logMetrics({ loss: 1 }, 0);
    // It may have come while the row was logged.
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    run.logger.info(`because ${String(signal.reason)}`);
  },
  'asked to stop': async ({ run, signal }) => {
    const aborted = [run.signal.aborted];
    signal.addEventListener('abort', () => aborted.push(run.signal.aborted));
    run.logMetrics({ loss: 1 }, 0);
    const { reason } = await firstValueFrom(run.stop$, { defaultValue: { reason: 'none' } });
    const again = await lastValueFrom(run.stop$.pipe(toArray()), { defaultValue: [] });
    const why = [run.signal, currentRun()?.signal, signal].map((each) => String(each?.reason));
    run.logger.info('asked', { aborted, reason, times: again.length, why });
  },
  'asked in a loop': ({ run, signal }) => {
    run.logMetrics({ loss: 1 }, 0);
    // Never lets a message in, and logs nothing.
    while (!run.signal.aborted);
    run.logger.info('asked', { why: [run.signal, signal].map((each) => String(each.reason)) });
  },
  halving: ({ run, number, signal }) => {
    // The first three are each better than all before.
    for (let step = 0; step < 5e6 && !signal.aborted; step++) {
      run.logMetrics({ loss: number < 3 ? 3 - number : 9 }, step);
      if (number < 3 && step === 49) return;
    }
  },
  'completes its metrics': ({ run }) => {
    run.logMetrics({ loss: 1 }, 0);
    run.metrics.complete();
  },
  'fails its metrics': ({ run }) => {
    run.logMetrics({ loss: 1 }, 0);
    run.metrics.error(new TypeError('no more'));
  },
  'keeps a timer': ({ run }) => {
    run.logMetrics({ loss: 1 }, 0);
    setInterval(() => run.logMetrics({ loss: 2 }), 1);
  },
  floods: ({ run }) => {
    // A megabyte of the channel is told by a message.
    let megabytes = 1;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is given its `this` again
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (/** @type {{ readonly kind: string }} */ message) {
      if (message.kind === 'arena') megabytes++;
      post.call(this, message);
    };
    // Ten times what the channel holds.
    for (let step = 0; step < 1_000_000; step++) run.logMetrics({ loss: step, megabytes }, step);
  },
  'fails once': ({ run, attempt }) => {
    run.logMetrics({ loss: 1 }, 0);
    if (attempt === 0) throw new Error('once');
  },
};

/** @param {Trial} trial */
export default (trial) => {
  const way = WAYS[trial.params.way];
  if (way === undefined) throw new Error(`no way ${trial.params.way}`);
  return way(trial);
};
