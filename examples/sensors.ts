// No machine learning at all: a simulated boiler with three sensors, watched by a few operators.
//
//   npx tsx examples/sensors.ts      EXAMPLE_DIR=... puts its files elsewhere
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { divergence, ema, logLatency, logTo } from 'expman-rx/operators';
import { concatMap, lastValueFrom, map, range, takeUntil, timer } from 'rxjs';
import { seededRandom } from './digits/random.js';
import { baseDir, printTable, query, shortPath } from './shared/show.js';
import { join } from 'node:path';

await using run = new LoggingEngine(
  new ExperimentConfig('boiler', baseDir, { tags: ['example', 'sensors'] }),
);
const random = seededRandom(7);
const noise = (): number => random() + random() + random() - 1.5;

/** A reading each millisecond; after 300 of them the valve sticks and the pressure runs away. */
const readings$ = range(0, 400).pipe(
  concatMap((step) => timer(1).pipe(map(() => step))),
  map((step) => ({
    temperature: 80 + 5 * Math.sin(step / 40) + noise(),
    pressure: 2 + 0.05 * noise() + (step > 300 ? (step - 300) ** 2 / 100 : 0),
    valve_open: step % 50 < 25,
  })),
);

// The alert is an operator over the run's own metric; it also ends the simulation.
const alert$ = run.metric('pressure').pipe(divergence({ sigmas: 6, warmup: 50 }));
alert$.subscribe({
  next: (alert) => run.logger.warn('pressure is out of bounds', alert),
  error: (error: unknown) => console.error(error),
});
// What is derived goes back into the run, as a metric of its own.
run
  .metric('temperature')
  .pipe(ema(0.05), logTo(run, { name: 'temperature_smooth' }))
  .subscribe();

await lastValueFrom(readings$.pipe(logLatency(run, 'latency_ms'), logTo(run), takeUntil(alert$)), {
  defaultValue: null,
});
await run.close();

console.log(`logged to ${shortPath(run.runDir)}\n`);
const summary = `
  SELECT count(pressure) AS readings, format('{:.2f}', max(pressure)) AS max_pressure,
         format('{:.2f}', avg(temperature)) AS temperature, format('{:.2f}', last(temperature_smooth)) AS smoothed,
         format('{:.2f}', median(latency_ms)) AS latency_ms
  FROM read_parquet($1)`;
printTable(await query(summary, join(run.runDir, 'metrics.parquet')));
