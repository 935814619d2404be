import { describe, expect, it } from 'vitest';
import type { RunFile } from '../../src/model/run-file.js';
import { artifactLinksIn } from '../../src/model/artifact-links.js';
import { RunStatus } from '../../src/model/run-status.js';
import { RUN_NAME } from '../../src/run/file-names.js';
import { readMapping } from '../../src/run/run-record.js';
import { amendRunFile } from '../../src/run/amend-run-file.js';
import { readIdentity } from '../../src/run/identity.js';
import { writeRunFile } from '../../src/writer/files/write-run-file.js';
import { FOLDER, UUID, runFolder } from './wal-rig.js';

const RUN: RunFile = {
  experiment: 'e',
  run: 'r',
  uuid: UUID,
  startedAt: '2026-01-01T00:00:00.000Z',
  pid: 1,
  host: 'h',
  epoch: 0,
  tags: [],
  notes: '',
  group: null,
  status: RunStatus.Running,
  durationMs: 0,
  heartbeatAt: '2026-01-01T00:00:00.000Z',
  counts: { rows: 0, accepted: 0, rewound: 0, dropped: 0, invalid: 0, lost: 0 },
  lastStep: null,
  losses: [],
  metrics: new Map(),
};
const fact = { bytes: 1, sha256: 'a'.repeat(64), savedAt: '2026-01-01T00:00:00.000Z' };
const artifacts = (count: number): Record<string, typeof fact> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`images/${at}.png`, fact]));

describe('run.yaml', () => {
  it('says of every artifact what it is', () => {
    const fs = runFolder();
    writeRunFile(fs, FOLDER, RUN, { artifacts: artifacts(3), other: 1 });
    expect(readMapping(fs, FOLDER, RUN_NAME)).toMatchObject({ artifacts: artifacts(3), other: 1 });
  });

  it('of a run with more metrics and artifacts than it has room for can still be read, and says how many it left out', () => {
    const fs = runFolder();
    const summary = { last: 0.1, count: 1, min: 0.1, max: 0.1, mean: 0.1, minStep: 1, maxStep: 1 };
    const metrics = new Map(Array.from({ length: 20_000 }, (_, at) => [`layer.${at}.weight`, summary]));
    writeRunFile(fs, FOLDER, { ...RUN, metrics }, { artifacts: artifacts(20_000) });
    expect(readIdentity(fs, FOLDER).identity.uuid).toBe(UUID);
    const file = readMapping(fs, FOLDER, RUN_NAME) ?? {};
    const told = Object.keys(file['artifacts'] as object).length;
    expect(told).toBeGreaterThan(500);
    expect(file['artifactsLeftOut']).toBe(20_000 - told);
    const kept = Object.keys(file['metrics'] as object).length;
    expect(kept).toBeGreaterThan(1000);
    expect(file['summariesLeftOut']).toBe(20_000 - kept);
  });

  it('of a run with more metrics, artifacts, tags and notes than it has room for together can still be read', () => {
    const fs = runFolder();
    const summary = { last: 0.1, count: 1, min: 0.1, max: 0.1, mean: 0.1, minStep: 1, maxStep: 1 };
    const metrics = new Map(Array.from({ length: 20_000 }, (_, at) => [`layer.${at}.weight`, summary]));
    const tags = Array.from({ length: 1000 }, (_, at) => `${at}${'音'.repeat(124)}`);
    const run = { ...RUN, metrics, tags, notes: '音'.repeat(65_536) };
    writeRunFile(fs, FOLDER, run, { artifacts: artifacts(20_000) });
    const file = readMapping(fs, FOLDER, RUN_NAME) ?? {};
    expect(file['tags']).toEqual(tags);
    const [kept, told] = ['metrics', 'artifacts'].map((key) => Object.keys(file[key] as object).length);
    expect(kept).toBeGreaterThan(500);
    expect(told).toBeGreaterThan(200);
    expect(file).toMatchObject({ summariesLeftOut: 20_000 - kept!, artifactsLeftOut: 20_000 - told! });
  });

  it('of a log with more summary values than a run accepts can still be read, and says how many it left out', () => {
    const fs = runFolder();
    const many = (value: unknown): object =>
      Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`value.${at}`, value]));
    const facts = { summary: many('x'.repeat(40)), headline: many(true), definitions: many({ goal: 'min' }) };
    writeRunFile(fs, FOLDER, RUN, facts as never);
    const file = readMapping(fs, FOLDER, RUN_NAME) ?? {};
    for (const key of ['summary', 'headline', 'definitions']) {
      const kept = Object.keys(file[key] as object).length;
      expect(kept).toBeGreaterThan(1000);
      expect(file[`${key}LeftOut`]).toBe(20_000 - kept);
    }
  });

  it('of a run with more versions of artifacts than it has room for says how many it left out', () => {
    const fs = runFolder();
    const links = Object.fromEntries(
      Array.from({ length: 5000 }, (_, at) => [
        `model:v${at + 1}`,
        { type: 'model', digest: 'a'.repeat(64), at: new Date(0).toISOString() },
      ]),
    );
    writeRunFile(fs, FOLDER, RUN, { loggedArtifacts: links, usedArtifacts: links });
    const file = readMapping(fs, FOLDER, RUN_NAME) ?? {};
    const { loggedArtifacts, usedArtifacts, artifactLinksLeftOut } = artifactLinksIn(file);
    const kept = Object.keys(loggedArtifacts).length + Object.keys(usedArtifacts).length;
    expect(kept).toBeGreaterThan(1000);
    expect(artifactLinksLeftOut).toBe(10_000 - kept);
  });

  it('of a log with more alerts than a run accepts can still be read, and says how many it left out', () => {
    const fs = runFolder();
    const alerts = Object.fromEntries(
      Array.from({ length: 5000 }, (_, at) => [`0-${at}`, { title: 'x'.repeat(100) }]),
    );
    writeRunFile(fs, FOLDER, RUN, { alerts });
    const file = readMapping(fs, FOLDER, RUN_NAME) ?? {};
    const kept = Object.keys(file['alerts'] as object).length;
    expect(kept).toBeGreaterThan(500);
    expect(file['alertsLeftOut']).toBe(5000 - kept);
  });

  it('that an amendment would make larger than readers take stays as it was, and the amendment is refused', () => {
    const fs = runFolder();
    writeRunFile(fs, FOLDER, { ...RUN, status: RunStatus.Finished }, {});
    const before = readMapping(fs, FOLDER, RUN_NAME);
    expect(() => {
      amendRunFile(fs, FOLDER, (file) => ({ ...file, notes: 'n'.repeat(1024 * 1024) }));
    }).toThrow(
      expect.objectContaining({
        code: 'INVALID_VALUE',
        message: expect.stringMatching(/more than 1048576/) as string,
      }) as Error,
    );
    expect(readMapping(fs, FOLDER, RUN_NAME)).toEqual(before);
  });

  it('of a run with long texts in thousands of metrics can still be read', () => {
    const fs = runFolder();
    const metrics = new Map(
      Array.from({ length: 5000 }, (_, at) => [`text${at}`, { last: 'é'.repeat(1000), count: 1, texts: 1 }]),
    );
    writeRunFile(fs, FOLDER, { ...RUN, metrics }, {});
    expect(readMapping(fs, FOLDER, RUN_NAME)?.['summariesLeftOut']).toBeGreaterThan(1000);
  });

  it('keeps the figures with the fewest slashes in their names, then the shortest names, in the order they came', () => {
    const fs = runFolder();
    const summary = { last: 0.1, count: 1, min: 0.1, max: 0.1, mean: 0.1 };
    const names = [
      ...Array.from({ length: 4000 }, (_, at) => `grad/layer${at}/w`),
      'val/accuracy_of_the_long_name',
      ...Array.from({ length: 100 }, (_, at) => `layer/${at}`),
      'val_loss',
    ];
    writeRunFile(fs, FOLDER, { ...RUN, metrics: new Map(names.map((name) => [name, summary])) }, {});
    const { metrics, summariesLeftOut } = readMapping(fs, FOLDER, RUN_NAME) ?? {};
    const kept = Object.keys(metrics as object);
    expect(kept).toHaveLength(names.length - Number(summariesLeftOut));
    expect(kept).toEqual(names.filter((name) => kept.includes(name)));
    expect(kept.slice(-102)).toEqual(names.slice(-102));
  });
});
