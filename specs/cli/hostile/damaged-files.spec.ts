import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { amount } from '../../support/amount.js';
import { type Templates, seeded } from './lab.js';
import { hostileLabs } from './labs.js';
import { age, lookAtAll, mendAll, nameIn, readAll } from './looks.js';

const { labWith } = hostileLabs();

describe('a damaged file', () => {
  const random = seeded(6);
  const flips = (count: number): readonly number[] => Array.from({ length: count }, () => random(2 ** 22));

  it.each(flips(amount(8, 250)))('metrics.parquet with a byte changed, %i', async (at) => {
    await damaged('closed', 'metrics.parquet', (bytes) => {
      // Half of them in the footer, which is what everything rests on.
      const place = at % 2 === 0 ? at % bytes.length : bytes.length - 1 - (at % 2000);
      bytes[Math.max(0, place)]! ^= 1 << (at % 8);
      return bytes;
    });
  });

  it.each(flips(amount(4, 100)))('metrics.parquet cut off, %i', async (at) => {
    await damaged('closed', 'metrics.parquet', (bytes) => bytes.subarray(0, at % bytes.length));
  });

  it.each([0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])(
    'metrics.parquet with a footer of %i bytes',
    async (length) => {
      await damaged('closed', 'metrics.parquet', (bytes) => {
        bytes.writeUInt32LE(length, bytes.length - 8);
        return bytes;
      });
    },
  );

  it.each(flips(amount(8, 250)))('a write-ahead log with a byte changed, %i', async (at) => {
    await damaged('killed', 'wal', (bytes) => {
      bytes[at % bytes.length]! ^= 1 << (at % 8);
      return bytes;
    });
  });

  it.each(flips(amount(4, 100)))('a write-ahead log cut off, %i', async (at) => {
    await damaged('killed', 'wal', (bytes) => bytes.subarray(0, at % bytes.length));
  });

  it.each(flips(amount(4, 80)))('a write-ahead log with absurd lengths, %i', async (at) => {
    await damaged('killed', 'wal', (bytes) => {
      bytes.writeUInt32LE(0xffffffff - (at % 3), (at * 4) % (bytes.length - 4));
      return bytes;
    });
  });

  const locks = [
    '',
    '{',
    '[]',
    'null',
    '{"pid":1e999}',
    '{"pid":-1,"host":"x","epoch":0,"token":"t"}',
    '\0'.repeat(4096),
    'x'.repeat(100_000),
    '{"pid":1,"host":"\\u001b[2J","epoch":9007199254740991,"token":"\\u009b"}',
  ];
  it.each(locks.map((text, at) => [at, text] as const))('run.lock, %i', async (_at, text) => {
    await damaged('killed', 'run.lock', () => Buffer.from(text));
  });

  const logs = [
    '\0'.repeat(100_000),
    'x'.repeat(5_000_000),
    '\n'.repeat(200_000),
    '\u001b[2J'.repeat(10_000),
    '2026-01-01T00:00:00.000Z info {"a":',
    '999999-99-99T99:99:99Z error x',
    '\ud800\udfff\n',
    '{"'.repeat(50_000),
  ];
  it.each(logs.map((text, at) => [at, text] as const))('run.log, %i', async (_at, text) => {
    await damaged('closed', 'run.log', () => Buffer.from(`${text}\n`));
  });

  const manifests = [
    '',
    '{',
    '{"path":"../../../canary"}',
    '{"name":"a","step":1,"type":"image","path":"/etc/passwd","sha256":"x","bytes":1}',
    '[]\nnull\n1',
    '{"name":"\\u001b[2J"}',
    'x'.repeat(3_000_000),
  ];
  it.each(manifests.map((text, at) => [at, text] as const))(
    'media/manifest.ndjson, %i',
    async (_at, text) => {
      await damaged('closed', 'media/manifest.ndjson', () => Buffer.from(`${text}\n`));
    },
  );

  it.each([
    'run.yaml',
    'config.yaml',
    'run.log',
    'metrics.parquet',
    'run.lock',
    'wal',
    'media/manifest.ndjson',
  ])('%s of 40 GB without a byte in it', async (name) => {
    const lab = labWith(
      (runDir) => {
        const path = join(runDir, nameIn(runDir, name));
        if (!existsSync(path)) writeFileSync(path, '');
        truncateSync(path, 40e9);
      },
      name === 'wal' ? 'killed' : 'closed',
    );
    await lab.expectGoodIsListed();
    for (const command of ['inspect', 'tail', 'verify', 'recover']) await lab.expman(command, lab.bad);
  });

  async function damaged(
    template: keyof Templates,
    name: string,
    damage: (bytes: Buffer) => Uint8Array,
  ): Promise<void> {
    const lab = labWith((runDir) => {
      const path = join(runDir, nameIn(runDir, name));
      writeFileSync(path, damage(existsSync(path) ? readFileSync(path) : Buffer.alloc(0)));
      age(path);
    }, template);
    await lookAtAll(lab);
    await readAll(lab.bad);
    await lab.expman('tail', lab.bad, '-f');
    await mendAll(lab);
  }
});
