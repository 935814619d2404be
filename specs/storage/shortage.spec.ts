import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { roomLeft, roomLeftIn, shortageOf, withShortage } from '../../src/storage/shortage.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('shortage');
const hasNamespaces = spawnSync('unshare', ['-Urm', 'true']).status === 0;
if (!hasNamespaces) console.warn('SKIPPED: no user namespaces here, so no disk that can be filled');

/** Opens a run, fills the disk with files until it takes no more, logs on, and says what the run's health says. */
const FILLS = `
  import { writeFileSync } from 'node:fs';
  import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
  const run = new LoggingEngine(new ExperimentConfig('exp', 'disk', { environment: false, flushIntervalMs: 20 }));
  run.logMetrics({ loss: 1 }, 0);
  await run.flush();
  try {
    for (let n = 0; ; n++) writeFileSync('disk/filler-' + n, n < 100 ? 'x'.repeat(16384) : 'x');
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  }
  let step = 1;
  const timer = setInterval(() => run.logMetrics({ loss: step, text: 'x'.repeat(1000) }, step++), 1);
  run.health$.subscribe(({ degraded }) => {
    if (degraded === null) return;
    clearInterval(timer);
    process.stdout.write(degraded.message + '\\n', () => process.kill(process.pid, 'SIGKILL'));
  });
`;
const space = { bavail: 1000, bsize: 4096, files: 500, ffree: 100 };

describe('the room of a file system', () => {
  it('is what is left of bytes and of inodes', () => {
    expect(roomLeft(space)).toEqual({ bytes: 4_096_000, inodes: 100 });
    const { bytes, inodes } = roomLeftIn(folder());
    expect(bytes).toBeGreaterThan(0);
    expect(inodes ?? 1).toBeGreaterThan(0);
  });

  it('has no count of inodes where they are made as they are needed', () => {
    expect(roomLeft({ ...space, files: 0, ffree: 0 }).inodes).toBeNull();
  });

  it.each([
    [{ ...space, ffree: 0 }, '0 inodes are left (and 4096000 bytes)'],
    [{ ...space, bavail: 1 }, '4096 bytes are left'],
    [{ ...space, bavail: 0, ffree: 0, files: 0 }, '0 bytes are left'],
    [space, '4096000 bytes are free: a quota was reached, or other files used the space and freed it again'],
  ])('says which of the two has run out: %j', (given, said) => {
    expect(shortageOf(roomLeft(given))).toBe(said);
  });

  it('is not made up where it cannot be found out', () => {
    expect(withShortage('ENOSPC: write', '/nonexistent')).toBe('ENOSPC: write');
    expect(withShortage('ENOSPC: write', folder())).toMatch(/^ENOSPC: write: \d+ bytes are/);
  });

  it.skipIf(!hasNamespaces).each([
    ['inodes', 'size=64m,nr_inodes=40', /: \d+ inodes are left \(and \d+ bytes\)$/],
    ['bytes', 'size=512k', /: \d+ bytes are left$/],
  ])('is in what degraded says on a disk without %s', async (_, options, said) => {
    const script = `mkdir disk && mount -t tmpfs -o ${options} tmpfs disk && exec "$0" --input-type=module --eval "$1"`;
    const child = spawn('unshare', ['-Urm', 'sh', '-c', script, process.execPath, FILLS], {
      cwd: folder(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let message = '';
    child.stdout.on('data', (text: Buffer) => (message += text.toString()));
    await once(child, 'close');
    expect(message.trim()).toMatch(said);
  });
});
