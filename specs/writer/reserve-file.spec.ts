import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ReserveFile } from '../../src/writer/session/reserve-file.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { withBase } from '../faults/session.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('reserve');
const ENTRY = new URL('../../dist/index.js', import.meta.url).href;
const YAML = new URL('../../dist/modules/storage/yaml-file.js', import.meta.url).href;
const hasNamespaces = spawnSync('unshare', ['-Urm', 'true']).status === 0;
if (!hasNamespaces) console.warn('SKIPPED: no user namespaces here, so no disk that can be filled');

/** Logs on a disk of 512 kB until its reserve is there, fills the disk to the last byte, logs on, and says what run.yaml says. */
const SESSION = `
  import { openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
  import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(ENTRY)};
  import { parseYaml } from ${JSON.stringify(YAML)};
  const until = async (holds) => { while (!holds()) await new Promise((next) => setTimeout(next, 5)); };
  const run = new LoggingEngine(new ExperimentConfig('exp', 'disk', { environment: false, flushIntervalMs: 20 }));
  const hasReserve = () => readdirSync(run.runDir).some((name) => name.startsWith('.reserve.'));
  run.logMetrics({ loss: 1 }, 0);
  await until(hasReserve);
  const filler = openSync('disk/filler', 'w');
  for (let size = 65536; size >= 1; size = Math.floor(size / 2))
    try { for (;;) writeSync(filler, Buffer.alloc(size)); } catch (error) { if (error.code !== 'ENOSPC') throw error; }
  let step = 1;
  const yaml = () => parseYaml(readFileSync(run.runDir + '/run.yaml', 'utf8'));
  // Each is seen at some moment: with the room of the reserve the run may be well again a moment later, and have it again.
  let [degraded, hadReserve] = [undefined, false];
  await until(() => {
    run.logMetrics({ loss: step }, step++);
    hadReserve ||= !hasReserve();
    degraded ??= yaml().degraded?.code;
    return hadReserve && degraded !== undefined;
  });
  console.log(JSON.stringify({ degraded, hadReserve }));
  process.kill(process.pid, 'SIGKILL');
`;

describe('the reserve of a run', () => {
  it('is there while nothing is wrong, and gone when it is released', () => {
    const fs = withBase(new MemoryFs());
    fs.makeFolder('/base/run');
    const reserve = new ReserveFile(fs, '/base/run');
    reserve.keep();
    reserve.keep();
    expect(fs.list('/base/run')).toHaveLength(1);
    reserve.release();
    expect(fs.list('/base/run')).toEqual([]);
    reserve.release();
    reserve.keep();
    expect(fs.list('/base/run')).toHaveLength(1);
  });

  it('leaves nothing behind where there is no room for it', () => {
    const fs = withBase(new MemoryFs());
    fs.makeFolder('/base/run');
    fs.onCall = (call) => (call === 'write' ? { errno: 'ENOSPC' } : null);
    new ReserveFile(fs, '/base/run').keep();
    expect(fs.list('/base/run')).toEqual([]);
    expect(fs.openFiles).toBe(0);
  });

  it.skipIf(!hasNamespaces)(
    'makes room for a run.yaml that says so, on a disk without a free byte',
    async () => {
      const script =
        'mkdir disk && mount -t tmpfs -o size=512k tmpfs disk && exec "$0" --input-type=module --eval "$1"';
      const child = spawn('unshare', ['-Urm', 'sh', '-c', script, process.execPath, SESSION], {
        cwd: newFolder(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.on('data', (text: Buffer) => (said += text.toString()));
      await once(child, 'close');
      expect(JSON.parse(said)).toEqual({ degraded: 'ENOSPC', hadReserve: true });
    },
  );
});
