import type { RunFacts } from '../../../src/model/run-facts.js';

/** A run to filter; what is given replaces what is said here. */
export function factsOf(over: Partial<RunFacts> = {}): RunFacts {
  return {
    experiment: 'digits',
    run: 'lr-1e-3_seed7',
    runDir: '/base/digits/lr-1e-3_seed7',
    project: null,
    uuid: '0123456789abcdef0123456789abcdef',
    status: 'FINISHED',
    startedAt: '2026-01-10T12:00:00.000Z',
    endedAt: '2026-01-10T14:30:00.000Z',
    durationMs: 9_000_000,
    rows: 1000,
    accepted: 1000,
    rewound: 0,
    lastStep: 999,
    dropped: 0,
    lost: 0,
    invalid: 0,
    tags: ['baseline', 'v2'],
    notes: 'with Warm-up',
    group: 'night',
    summary: {},
    headline: [],
    definitions: {},
    params: {
      lr: 0.001,
      seed: 12345678901234567890n,
      optimizer: { name: 'Adam', 'weight.decay': 0.1, 'my key': { x: 1 } },
      layers: [64, 32],
      amp: true,
      nothing: null,
      label: '3',
    },
    metrics: new Map([
      ['loss', { last: 0.3, count: 1000, min: 0.1, max: 2.5, mean: 0.6, minStep: 900, maxStep: 0 }],
      ['val/acc.top.min', { last: 0.9, count: 2 }],
      ['val/acc.top', { last: 0.8, count: 3, min: 0.2 }],
      ['phase', { last: 'warm', count: 5 }],
      ['grad', { last: NaN, count: 5, min: 1n, max: 9007199254740993n, nan: 2 }],
    ]),
    artifacts: {},
    ...over,
  };
}
