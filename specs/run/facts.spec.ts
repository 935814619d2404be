import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../src/channel/chunk-layout.js';
import { encodeParams, type Params } from '../../src/model/params.js';
import { amendRunBy } from '../../src/reader/amend-run.js';
import { inspectRun } from '../../src/reader/inspect-run.js';
import { readFacts } from '../../src/reader/read-facts.js';
import { RUN_NAME } from '../../src/run/file-names.js';
import { readMapping } from '../../src/run/run-record.js';
import { FrameType, SEGMENT_START_BYTES } from '../../src/storage/wal/frame.js';
import { readSegment } from '../../src/storage/wal/segment-reader.js';
import { replaceFile } from '../../src/storage/atomic-file.js';
import { stringifyYaml } from '../../src/storage/yaml-file.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { Played } from '../faults/played.js';
import { withBase } from '../faults/session.js';

const OPTIONS = { flushIntervalMs: 1 };
const FACTS = {
  summary: { a: 1, b: 1, token: 'cl100k' },
  headline: { a: true },
  definitions: { 'val/*': { goal: 'min' } },
  artifacts: { 'model.key': { bytes: 1, sha256: 'ab'.repeat(32), savedAt: '2026-01-01T00:00:00.000Z' } },
} satisfies Params;
const LATER: Params = { summary: { b: 2 }, headline: { b: true } };

const log = ({ intake }: Played, facts: Params): void => {
  intake.text(RecordKind.fact, encodeParams(facts));
};

/** A run that was closed with its facts, resumed, given others, and cut off. */
async function cutOff(): Promise<{ readonly fs: MemoryFs; readonly folder: string }> {
  const fs = withBase(new MemoryFs());
  const first = new Played(fs, OPTIONS);
  log(first, FACTS);
  await first.close();
  const second = new Played(fs, OPTIONS);
  second.intake.row({ loss: 1 }, 1);
  log(second, LATER);
  second.drain();
  return { fs: second.die(), folder: second.folder };
}

/** Flips a bit in what the checkpoint of the only segment carries. */
function damageCarried(fs: MemoryFs, folder: string): void {
  const [name = ''] = fs.namesIn(folder).filter((each) => each.startsWith('wal-'));
  const path = `${folder}/${name}`;
  const bytes = fs.bytesOf(path);
  let at = SEGMENT_START_BYTES;
  for (const { type, payload } of readSegment(bytes).frames) {
    if (type === FrameType.carried) bytes[at + 40] = (bytes[at + 40] ?? 0) ^ 1;
    at += 32 + payload.length;
  }
  fs.overwrite(path, bytes);
}

const factsOf = (fs: MemoryFs, folder: string): object => {
  const { summary, headline, definitions, artifacts, losses } = inspectRun(fs, folder);
  return { summary, headline, definitions, artifacts, losses };
};

const SAID = {
  ...FACTS,
  summary: { a: 1, b: 2, token: 'cl100k' },
  headline: ['a', 'b'],
  losses: [],
};

describe('the facts of a run', () => {
  it('stay what they are when it is closed and resumed, also under names that look secret', async () => {
    const { fs, folder } = await cutOff();
    expect(factsOf(fs, folder)).toEqual(SAID);
    await recoverRun(fs, folder);
    expect(factsOf(fs, folder)).toEqual(SAID);
    const { summary, headline, definitions, artifacts } = SAID;
    expect(readFacts(fs, folder)).toMatchObject({ facts: { summary, headline, definitions, artifacts } });
  });

  it('come from run.yaml where the checkpoint is damaged, and later ones from the log', async () => {
    const { fs, folder } = await cutOff();
    damageCarried(fs, folder);
    expect(factsOf(fs, folder)).toEqual(SAID);
    await recoverRun(fs, folder);
    expect(factsOf(fs, folder)).toEqual(SAID);
    expect(readMapping(fs, folder, RUN_NAME)).toMatchObject({
      ...FACTS,
      summary: SAID.summary,
      headline: Object.fromEntries(SAID.headline.map((name) => [name, true])),
    });
  });

  it('are a loss where neither has them', async () => {
    const { fs, folder } = await cutOff();
    damageCarried(fs, folder);
    const entries = Object.entries(readMapping(fs, folder, RUN_NAME) ?? {});
    const file = Object.fromEntries(entries.filter(([key]) => key !== 'headline' && key !== 'definitions'));
    replaceFile(fs, `${folder}/${RUN_NAME}`, Buffer.from(stringifyYaml(file)));
    const said = {
      summary: SAID.summary,
      headline: ['b'],
      definitions: {},
      losses: [{ calls: 0, others: 2 }],
    };
    expect(factsOf(fs, folder)).toMatchObject(said);
    await recoverRun(fs, folder);
    expect(factsOf(fs, folder)).toMatchObject(said);
  });
});

/** A closed run of one row, in whose run.yaml these lines stand in place of the keys of a summary. */
async function closedWith(lines: string): Promise<{ readonly fs: MemoryFs; readonly folder: string }> {
  const fs = withBase(new MemoryFs());
  const run = new Played(fs, OPTIONS);
  run.intake.row({ loss: 1 }, 1);
  await run.close();
  const path = `${run.folder}/${RUN_NAME}`;
  const text = fs.bytesOf(path).toString();
  expect(text).not.toMatch(/^(?:summary|headline|definitions|artifacts):/m);
  fs.overwrite(path, Buffer.from(text.replace('# end', () => `${lines}# end`)));
  return { fs, folder: run.folder };
}

const NOTHING = { summary: {}, headline: [], definitions: {} };

describe('a run.yaml', () => {
  it.each([
    ['without the keys, as earlier versions write it', '', NOTHING],
    ['with lists', 'summary: [1, 2]\nheadline: [a]\ndefinitions: [{ goal: min }]\n', NOTHING],
    ['with scalars', 'summary: 3\nheadline: a\ndefinitions: true\n', NOTHING],
    ['with nulls', 'summary: null\nheadline: null\ndefinitions: null\n', NOTHING],
    [
      'with numbers as headline',
      'summary: { a: 1 }\nheadline: { a: 1 }\n',
      { ...NOTHING, summary: { a: 1 } },
    ],
    [
      'with values that no run has',
      'summary: { list: [1], nested: { a: 1 }, no: null, ok: x, big: 18446744073709551616 }\n' +
        'headline: { list: true, missing: true, ok: true }\n',
      { ...NOTHING, summary: { ok: 'x', big: 2n ** 64n }, headline: ['ok'] },
    ],
    [
      'with definitions that define nothing',
      "definitions: { a: 3, b: [min], c: { goal: low, x: '', summary: median, more: 1 }, d: { goal: max, x: 3 } }\n",
      { ...NOTHING, definitions: { a: {}, b: {}, c: {}, d: { goal: 'max' } } },
    ],
    [
      'with names that reach a prototype',
      'summary: { "__proto__": 1, constructor: 2, toString: 3 }\nheadline: { "__proto__": true, toString: true }\n' +
        'definitions: { "__proto__": { goal: min }, prototype: { goal: max }, a: { "__proto__": { goal: min } } }\n',
      { summary: { toString: 3 }, headline: ['toString'], definitions: { a: {} } },
    ],
  ])('%s is read without an error, and what is no summary is ignored', async (_what, lines, said) => {
    const { fs, folder } = await closedWith(lines);
    const asRead = (): object => {
      const { summary, headline, definitions } = inspectRun(fs, folder);
      expect(readFacts(fs, folder)).toMatchObject({ facts: { summary, headline, definitions } });
      return { summary, headline, definitions };
    };
    expect(asRead()).toEqual(said);
    expect(amendRunBy(fs, folder, { summary: { later: 1 } }).summary).toEqual({ ...said.summary, later: 1 });
    const resumed = new Played(fs, OPTIONS);
    log(resumed, { summary: { list: 2 }, headline: { list: true }, definitions: { a: { goal: 'min' } } });
    expect((await resumed.close()).error).toBeNull();
    const { summary, headline, definitions } = said;
    expect(asRead()).toEqual({
      summary: { ...summary, later: 1, list: 2 },
      headline: expect.arrayContaining([...headline, 'list']) as string[],
      definitions: { ...definitions, a: { goal: 'min' } },
    });
    expect(({} as Record<string, unknown>)['goal']).toBeUndefined();
  });
});
