import type { RowSpan } from '../../../src/channel/records.js';
import { ExpmanError } from '../../../src/model/errors.js';
import { readContents } from '../../../src/reader/read-contents.js';
import { verifyRun } from '../../../src/reader/verify-run.js';
import { callsLost } from '../../../src/model/losses.js';
import { FRAME_HEAD_BYTES } from '../../../src/storage/wal/frame.js';
import { readSegment, type SegmentVerdict } from '../../../src/storage/wal/segment-reader.js';
import { replayWal } from '../../../src/run/replay/replay.js';
import { recoverRun } from '../../../src/writer/recovery/recover-run.js';
import { must } from '../check-run.js';
import { checkRows } from '../check-true.js';
import { SHAPE, cutOffRun, diskOf, type CutOff } from '../cut-off-run.js';
import { randomFrom, type Random, type Scenario, type ScenarioContext } from '../scenario.js';

/** Reading a run takes some milliseconds, a recovery more; what a damaged log gives is checked at every byte all the same. */
const READ_EVERY = 7;
const RECOVER_EVERY = 7 * 3;
/** More bytes than the start and the checkpoint of a segment have here. */
const CHECKPOINT = 2000;

type Verdict = SegmentVerdict['kind'];

/** A way to damage a file. */
interface Damage {
  readonly what: string;
  /** Whether a verification must find it in metrics.parquet, also where no value is in danger. */
  readonly isFound: boolean;
  /** The bytes after the damage number `at`; null when there are no more of them. */
  readonly damage: (bytes: Buffer, random: Random, at: number) => Buffer | null;
  /** What a segment of these bytes may be called after the damage number `at`. */
  readonly verdicts: (bytes: Buffer) => (at: number) => readonly Verdict[];
  /** Whether what is lost of a log is told exactly: its last frame aside, which is told in bytes. */
  readonly isCounted?: boolean;
}

/** What is damaged, where that is not all of the usual run. */
interface DamageWish {
  readonly run?: CutOff;
  /** Whether the damage number `at` is meant; those after the first that is not are left out. */
  readonly isMeant?: (name: string, at: number) => boolean;
}

/** Every file cut at every byte. */
export const truncations: Scenario = {
  name: 'every file of a run truncated at every byte',
  rows: [5],
  run: (context) =>
    damageEvery(context, {
      what: 'cut at byte',
      isFound: true,
      damage: (bytes, _random, at) => (at < bytes.length ? bytes.subarray(0, at) : null),
      // A cut is no corruption: it is what a kill leaves.
      verdicts: () => () => ['whole', 'torn', 'empty'],
    }),
};

/** Every file with one bit flipped: one bit of every byte, or each of its eight. */
export const bitFlips: Scenario = {
  name: 'a bit flipped at every byte of every file',
  rows: [6],
  run: async (context) => {
    const all = context.amount(1, 8) === 8;
    const byteOf = (at: number): number => (all ? at >> 3 : at);
    const flips: Damage = {
      what: all ? 'flipped, bit' : 'a bit flipped in byte',
      isFound: true,
      damage: (bytes, random, at) => {
        if (byteOf(at) >= bytes.length) return null;
        const flipped = Buffer.from(bytes);
        flipped[byteOf(at)] = (flipped[byteOf(at)] ?? 0) ^ (1 << (all ? at & 7 : random.below(8)));
        return flipped;
      },
      verdicts: (bytes) => {
        const lastFrame = lastFrameOf(bytes);
        return (at) => {
          return byteOf(at) < lastFrame ? ['corrupt'] : ['torn'];
        };
      },
      isCounted: true,
    };
    await damageEvery(context, flips);
    // What rows rest on stands at the start of a log that goes on after a publish.
    const run = await cutOffRun(true);
    await damageEvery(context, flips, {
      run,
      isMeant: (name, at) => name.startsWith('wal-') && at < CHECKPOINT,
    });
  },
};

/** Pages zeroed, doubled, swapped or replaced, garbage behind the end. */
export const badPages: Scenario = {
  name: 'pages zeroed, doubled, swapped, garbage appended',
  rows: [7],
  run: async (context) => {
    const cases = context.amount(2000, 100_000);
    await damageEvery(context, {
      what: 'mangled, case',
      isFound: false,
      damage: (bytes, random, at) => (at < cases / 4 ? mangled(bytes, random) : null),
      verdicts: () => () => ['whole', 'torn', 'empty', 'corrupt'],
    });
  },
};

/** Where a segment's last frame begins. */
function lastFrameOf(bytes: Buffer): number {
  const last = readSegment(bytes).frames.at(-1);
  return bytes.length - FRAME_HEAD_BYTES - (last?.payload.length ?? 0);
}

async function damageEvery(
  { seed, tally, goOn, progress }: ScenarioContext,
  { damage, what, verdicts, isFound, isCounted = false }: Damage,
  { run: given, isMeant = () => true }: DamageWish = {},
): Promise<void> {
  const random = randomFrom(seed + 56);
  const run = given ?? (await cutOffRun());
  for (const [name, bytes] of run.files) {
    const verdictsOf = verdicts(bytes);
    for (let at = 0; goOn() && isMeant(name, at); at++) {
      const damaged = damage(bytes, random, at);
      if (damaged === null) break;
      if (damaged.equals(bytes)) continue;
      const told = `${name} ${what} ${at}`;
      if (name.startsWith('wal-'))
        checkLog(run, name, damaged, { verdicts: verdictsOf(at), isCounted, what: told });
      if (!name.startsWith('wal-') || at % READ_EVERY === 0)
        await look(run, name, damaged, { what: told, recovers: at % RECOVER_EVERY === 0, isFound });
      tally.cases++;
      if (at % 1000 === 0) progress(`${name}: ${at}`);
    }
  }
}

/** A damaged log gives a beginning of what the intact one holds, byte for byte, and what is wrong with it is told. */
function checkLog(
  run: CutOff,
  name: string,
  damaged: Buffer,
  {
    verdicts,
    isCounted,
    what,
  }: { readonly verdicts: readonly Verdict[]; readonly isCounted: boolean; readonly what: string },
): void {
  const disk = diskOf(run, name, damaged);
  const { spans, segments, malformed, losses } = replayWal(disk, run.folder, run.uuid, run.from);
  must(spans.length <= run.spans.length, 'I2', () => `${what}: ${spans.length} spans`);
  spans.forEach((span, at) => {
    const intact = run.spans[at];
    const same =
      intact !== undefined && bytesOf(span).equals(bytesOf(intact)) && span.lastSeq === intact.lastSeq;
    must(same, 'I3', () => `${what}: span ${at} holds other rows`);
  });
  const verdict = segments.find((segment) => segment.name === name)?.verdict.kind ?? 'whole';
  must(verdicts.includes(verdict), 'I10', () => `${what} is called ${verdict}, not ${verdicts.join(' or ')}`);
  const saved = replayWal(disk, run.folder, run.uuid, run.from, { salvage: true });
  const logged = run.spans.reduce((sum, { rows }) => sum + rows, 0);
  const accounted = saved.rows + callsLost(saved.losses);
  const isWrong = isCounted && verdict !== 'torn' ? accounted !== logged : accounted > logged;
  must(!isWrong, 'I10', () => `${what}: ${saved.rows} rows and ${callsLost(saved.losses)} lost of ${logged}`);
  must(
    JSON.stringify(losses) === JSON.stringify(saved.losses),
    'I10',
    () =>
      `${what}: a reader says that ${JSON.stringify(losses)} is lost, a recovery ${JSON.stringify(saved.losses)}`,
  );
  must(!isCounted || malformed.length === 0, 'I2', () => `${what}: ${malformed[0]?.message ?? ''}`);
}

const bytesOf = ({ views: { bytes }, start, length }: RowSpan): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, length);

/** Whatever the damage: no wrong value is believed, and all that is thrown is a typed error. */
async function look(
  run: CutOff,
  name: string,
  damaged: Buffer,
  {
    what,
    recovers,
    isFound,
  }: { readonly what: string; readonly recovers: boolean; readonly isFound: boolean },
): Promise<void> {
  const fs = diskOf(run, name, damaged);
  try {
    const { table } = readContents(fs, run.folder);
    checkValues(table, run.rows, what);
  } catch (error) {
    must(
      error instanceof ExpmanError,
      'I7',
      () => `${what}: reading threw ${String((error as Error).stack)}`,
    );
  }
  const { problems } = verifyRun(fs, run.folder);
  must(
    !name.endsWith('.parquet') || !isFound || problems.length > 0,
    'I3',
    () => `${what}: verify finds nothing`,
  );
  // A changed byte of metrics.parquet is found, or it lies where nothing refers to, and then all values are as they were.
  if (name === 'metrics.parquet' && problems.length === 0) {
    const { numRows } = readContents(fs, run.folder).table;
    must(
      numRows === run.readable,
      'I3',
      () => `${what}: verify finds nothing, ${numRows} rows instead of ${run.readable}`,
    );
  }
  if (!recovers) return;
  try {
    await recoverRun(fs, run.folder);
  } catch (error) {
    must(
      error instanceof ExpmanError,
      'I7',
      () => `${what}: recovering threw ${String((error as Error).stack)}`,
    );
    return;
  }
  // Pages that are damaged stay so, and are told whenever they are read; a recovery mends the log only.
  if (name === 'metrics.parquet') return;
  checkValues(readContents(fs, run.folder).table, run.rows, `${what}, recovered`);
}

const checkValues = (table: ReturnType<typeof readContents>['table'], rows: number, what: string): void =>
  checkRows(table, { shape: SHAPE, rows, every: 7 }, what);

function mangled(bytes: Buffer, random: Random): Buffer {
  const size = random.pick([64, 512, 4096]);
  const at = random.below(Math.max(1, bytes.length));
  const from = random.below(Math.max(1, bytes.length));
  const page = bytes.subarray(from, from + size);
  switch (random.below(5)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(size), bytes.subarray(at + size)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), page, bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), page, bytes.subarray(at + page.length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    default:
      return Buffer.concat([
        bytes,
        Buffer.from(Array.from({ length: 1 + random.below(size) }, () => random.below(256))),
      ]);
  }
}
