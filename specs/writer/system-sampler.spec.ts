import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { nodeFs } from '../../src/storage/node-fs.js';
import { type Figures, GpuProbe, figuresIn } from '../../src/writer/system/gpu-probe.js';
import { SystemSampler, ticksIn } from '../../src/writer/system/system-sampler.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('sampler');
const NO_GPU = new GpuProbe(join(folder(), 'no-such-program'));
const valuesOf = (figures: Figures): Record<string, number> => Object.fromEntries(figures);
const CALLER = {
  utilization: 0.5,
  delayMeanMs: 1,
  delayMaxMs: 2,
  gcCount: 3,
  gcPauseMs: 4,
  gcPauseMaxMs: 5,
  heapUsedBytes: 6,
  externalBytes: 7,
};

describe('a system sampler', () => {
  it('tells of the process and the machine, and of the thread that logs what that said of itself', () => {
    const sampler = new SystemSampler(nodeFs, NO_GPU);
    for (const until = performance.now() + 60; performance.now() < until;);
    sampler.callerSays(CALLER);
    const figures = valuesOf(sampler.sample(100).figures);
    expect(figures['cpu.process_percent']).toBeGreaterThan(0);
    expect(figures['memory.rss_bytes']).toBeGreaterThan(1e6);
    expect(figures['memory.system_free_bytes']).toBeGreaterThan(0);
    expect(figures).toMatchObject({
      'memory.heap_used_bytes': 6,
      'memory.external_bytes': 7,
      'event_loop.utilization': 0.5,
      'event_loop.delay_mean_ms': 1,
      'event_loop.delay_max_ms': 2,
      'gc.count': 3,
      'gc.pause_ms': 4,
      'gc.pause_max_ms': 5,
    });
  });

  it('samples once for runs that ask at about the same time', () => {
    const sampler = new SystemSampler(nodeFs, NO_GPU);
    const sample = sampler.sample(60_000);
    expect(sampler.sample(60_000)).toBe(sample);
    expect(sampler.sample(0)).not.toBe(sample);
  });

  it('does not tell what the thread that logs said long ago', () => {
    const sampler = new SystemSampler(nodeFs, NO_GPU);
    sampler.callerSays(CALLER);
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      vi.setSystemTime(0);
      vi.advanceTimersByTime(60 * 60 * 1000);
      sampler.callerSays(CALLER);
      expect(valuesOf(sampler.sample(100).figures)).toHaveProperty(['gc.count']);
      vi.advanceTimersByTime(2_000);
      expect(valuesOf(sampler.sample(100).figures)).not.toHaveProperty(['gc.count']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('reads the ticks of a machine as Linux tells them', () => {
    expect(ticksIn('cpu  10 1 5 100 20 1 2 3 4 0\ncpu0 1 1 1\n')).toEqual([22, 142]);
    expect(ticksIn('cpu  10 1 5 100\n')).toEqual([16, 116]);
    for (const other of [null, '', 'intr 1 2 3', 'cpu  a b']) expect(ticksIn(other)).toBeNull();
  });
});

describe('the GPU probe', () => {
  it('reads a line a GPU, and leaves out what a GPU does not know', () => {
    expect(
      figuresIn('0, 87, 1024, 65, 250.5\n1, [N/A], 0, 30, [Not Supported]\n\nNo devices were found\n'),
    ).toEqual([
      ['gpu.0.utilization_percent', 87],
      ['gpu.0.memory_used_bytes', 1024 * 1024 * 1024],
      ['gpu.0.temperature_celsius', 65],
      ['gpu.0.power_watts', 250.5],
      ['gpu.1.memory_used_bytes', 0],
      ['gpu.1.temperature_celsius', 30],
    ]);
  });

  it.skipIf(process.platform === 'win32')('asks the program once in ten seconds', async () => {
    const base = folder();
    const program = join(base, 'nvidia-smi');
    writeFileSync(program, `#!/bin/sh\necho asked >> '${base}/asked'\necho '0, 1, 2, 3, 4'\n`);
    chmodSync(program, 0o700);
    const probe = new GpuProbe(program);
    const began = performance.now();
    expect(probe.latest(began)).toEqual([]);
    await vi.waitFor(() => expect(probe.latest(began)).toHaveLength(4), 10_000);
    const later = performance.now();
    for (let ms = 0; ms < 9_000; ms += 100) probe.latest(began + ms);
    expect(nodeFs.stat(join(base, 'asked'))?.size).toBe('asked\n'.length);
    expect(probe.latest(later + 60_000)).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('is quiet where there is none, and asks no more', async () => {
    const program = join(folder(), 'nvidia-smi');
    const asking = new GpuProbe(program);
    const began = performance.now();
    expect(asking.latest(began)).toEqual([]);
    // That a program is not there is known before one that is, started later, has ended.
    await promisify(execFile)('/bin/sh', ['-c', 'exit 0']);
    writeFileSync(program, `#!/bin/sh\necho asked >> '${program}.asked'\necho '0, 1, 2, 3, 4'\n`);
    chmodSync(program, 0o700);
    asking.latest(began + 1_000_000);
    const other = new GpuProbe(program);
    other.latest(began);
    await vi.waitFor(() => expect(other.latest(began)).toHaveLength(4), 10_000);
    expect(nodeFs.stat(`${program}.asked`)?.size).toBe('asked\n'.length);
  });
});
