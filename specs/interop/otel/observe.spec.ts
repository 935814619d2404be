import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import {
  AggregationTemporality,
  MeterProvider,
  MetricReader,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { observe } from 'expman-rx/otel';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('otel');

/** A reader that collects when it is asked. */
class ManualReader extends MetricReader {
  protected override onForceFlush = (): Promise<void> => Promise.resolve();
  protected override onShutdown = (): Promise<void> => Promise.resolve();

  /** Each gauge's numbers with their attributes. */
  async numbers(): Promise<Record<string, readonly (readonly [number, object])[]>> {
    const { resourceMetrics } = await this.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return Object.fromEntries(
      metrics.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ value, attributes }) => [value as number, attributes] as const),
      ]),
    );
  }
}

// Of delta temporality, because a cumulative reader repeats the last number of a gauge that is gone.
function rig(): { readonly reader: ManualReader; readonly meter: ReturnType<MeterProvider['getMeter']> } {
  const reader = new ManualReader({ aggregationTemporalitySelector: () => AggregationTemporality.DELTA });
  return { reader, meter: new MeterProvider({ readers: [reader] }).getMeter('training') };
}

const open = (runName: string, path = folder()): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', path, { runName, environment: false }));
/** The first sample comes with the 16th row or after a period, whichever is first. */
const logUntilSeen = (
  run: LoggingEngine,
  values: Readonly<Record<string, number | bigint | boolean | string>>,
): void => {
  const until = performance.now() + 5;
  while (performance.now() < until) for (let row = 0; row < 16; row++) run.logMetrics(values);
};

describe('observe', () => {
  it('gives the latest number of each metric with experiment, run and metric', async () => {
    const { reader, meter } = rig();
    await using run = open('r1');
    observe(run, meter, { periodMs: 1, attributes: { team: 'a' } });
    logUntilSeen(run, { loss: 1, 'val acc/%': 0.5, steps: 3n, ok: true, note: 'x', gone: NaN });
    const attributes = (metric: string): object => ({ experiment: 'exp', run: 'r1', metric, team: 'a' });
    expect(await reader.numbers()).toEqual({
      'expman.loss': [[1, attributes('loss')]],
      'expman.val_acc/_': [[0.5, attributes('val acc/%')]],
      'expman.steps': [[3, attributes('steps')]],
      'expman.ok': [[1, attributes('ok')]],
    });
    logUntilSeen(run, { loss: 0.25 });
    expect((await reader.numbers())['expman.loss']?.[0]?.[0]).toBe(0.25);
  });

  it('gives the last number once more after the end, and then none', async () => {
    const { reader, meter } = rig();
    const run = open('r1');
    observe(run, meter, { prefix: 'train/' });
    for (let step = 0; step < 3; step++) run.logMetrics({ loss: step, acc: step, lr: step }, step);
    await run.close();
    const numbers = Object.values(await reader.numbers()).map(([point]) => point?.[0]);
    expect(numbers).toEqual([2, 2, 2]);
    expect(Object.values(await reader.numbers()).flat()).toEqual([]);
  });

  it('gives no number for a value that the run refused', async () => {
    const { reader, meter } = rig();
    const run = open('r1');
    observe(run, meter);
    run.logMetrics({ loss: 0.5 }, 0);
    run.logMetrics({ loss: null as never, gone: [] as never }, 1);
    await run.close();
    expect(Object.entries(await reader.numbers()).map(([name, [point]]) => [name, point?.[0]])).toEqual([
      ['expman.loss', 0.5],
    ]);
  });

  it('shows several runs of one meter under one name', async () => {
    const { reader, meter } = rig();
    const path = folder();
    const runs = ['r1', 'r2'].map((name) => open(name, path));
    for (const run of runs) observe(run, meter);
    runs.forEach((run, index) => run.logMetrics({ loss: index }));
    await Promise.all(runs.map((run) => run.close()));
    const points = (await reader.numbers())['expman.loss'] ?? [];
    expect(points.map(([value, attributes]) => [value, (attributes as { run: string }).run])).toEqual([
      [0, 'r1'],
      [1, 'r2'],
    ]);
  });

  it('stops at once when it is unsubscribed', async () => {
    const { reader, meter } = rig();
    await using run = open('r1');
    const observed = observe(run, meter, { periodMs: 1 });
    logUntilSeen(run, { loss: 1 });
    observed.unsubscribe();
    expect(await reader.numbers()).toEqual({});
    expect(run.metrics.observed).toBe(false);
  });

  it('reaches an OTLP endpoint through an exporter of OpenTelemetry', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
      request.on('end', () => response.setHeader('content-type', 'application/json').end('{}'));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const exporter = new OTLPMetricExporter({ url: `http://127.0.0.1:${port}/v1/metrics` });
    const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
    const run = open('r1');
    observe(run, provider.getMeter('training'));
    run.logMetrics({ loss: 0.125 }, 1);
    await run.close();
    await provider.shutdown();
    server.close();
    const sent = JSON.parse(bodies.join('')) as {
      resourceMetrics: {
        scopeMetrics: { metrics: { name: string; gauge: { dataPoints: unknown[] } }[] }[];
      }[];
    };
    const metric = sent.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0];
    expect(metric).toMatchObject({ name: 'expman.loss', gauge: { dataPoints: [{ asDouble: 0.125 }] } });
    expect(JSON.stringify(metric)).toContain(basename(run.runDir));
  });
});
