// More than numbers: histograms, images, tables and what the machine did, logged and read back.
//
//   npx tsx examples/media.ts      EXAMPLE_DIR=... puts its files elsewhere
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { ExperimentConfig, LoggingEngine, histogram } from 'expman-rx';
import { parseHistogram, readMedia, readRun, readSystemMetrics } from 'expman-rx/reader';
import { seededRandom } from './digits/random.js';
import { sparkline } from 'expman-rx/progress';
import { baseDir, printFiles, printTable, query } from './shared/show.js';

const options = { tags: ['example'], systemMetrics: { intervalMs: 100 }, captureConsole: true };
const run = new LoggingEngine(new ExperimentConfig('media', baseDir, options));
const random = seededRandom(3);
const weights = Float32Array.from({ length: 5_000 }, () => random() + random() + random() - 1.5);

for (let step = 0; step < 10; step++) {
  weights.forEach((weight, at) => (weights[at] = weight * 1.1));
  run.logMetrics({ loss: 1 / (step + 1), weights: histogram(weights, { bins: 16 }) }, step);
  if (step % 5 === 0)
    run.logImage('weights', png(weights.subarray(0, 32 * 32), 32), step, { caption: `step ${step}` });
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const worst = [...weights].sort((a, b) => b - a).slice(0, 3);
run.logTable(
  'largest',
  worst.map((weight, rank) => ({ rank, weight, sure: weight > 2 })),
  9,
);
console.log('this line is in run.log, too');
await run.close();

const { table } = await readRun(run.runDir);
for (const [step, text] of [...(table.getChild('weights') ?? [])].entries())
  if (step % 3 === 0)
    console.log(`weights of step ${step}  ${sparkline(parseHistogram(text)?.counts ?? [], 16)}`);
for (const { file, type, caption } of await readMedia(run.runDir)) console.log(file, type, caption ?? '');
console.log(`${(await readSystemMetrics(run.runDir))?.numRows ?? 0} samples of the machine\n`);
printTable(
  await query(
    `SELECT step::VARCHAR AS step, weights->>'$.min' AS min, weights->>'$.max' AS max, weights->>'$.count' AS count
     FROM read_parquet($1) WHERE step % 3 = 0`,
    join(run.runDir, 'metrics.parquet'),
  ),
);
printFiles(run.runDir);

/** A grey PNG of so many pixels a line. */
function png(pixels: Float32Array, width: number): Buffer {
  const height = pixels.length / width;
  const lines = Array.from({ length: height }, (_, y) => [
    0, // No filter.
    ...Array.from(pixels.subarray(y * width, (y + 1) * width), (value) =>
      Math.min(255, Math.max(0, 128 + 60 * value)),
    ),
  ]);
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size[8] = 8; // Bits of a pixel, which is grey.
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const image = deflateSync(Buffer.from(lines.flat()));
  const head = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([head, chunk('IHDR', size), chunk('IDAT', image), chunk('IEND', new Uint8Array())]);
}
