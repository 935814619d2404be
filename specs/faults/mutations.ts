// Shows that the harness can fail: takes one protection away at a time, in a copy of the sources, and runs the scenario that
// must go red.
//
//   npm run faults:mutations              all of them, a quarter of an hour; prints the table of specs/faults/README.md
//   npm run faults:mutations -- page      those with the word in their name
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A protection, and how it is taken away. */
export interface Mutation {
  readonly protection: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The scenario that must notice. */
  readonly scenario: string;
}

/** One for each protection whose absence the harness must notice. */
export const MUTATIONS: readonly Mutation[] = [
  {
    protection: 'fsync before the rename of metrics.parquet',
    file: 'src/storage/next-version.ts',
    from: '  fs.sync(file);\n',
    to: '',
    scenario: 'power-loss',
  },
  {
    protection: 'fsync before the rename of YAML',
    file: 'src/storage/atomic-file.ts',
    from: '    fs.sync(fd);\n',
    to: '',
    scenario: 'power-loss',
  },
  {
    protection: 'fsync of the folder after a publish',
    file: 'src/storage/next-version.ts',
    from: 'fs.syncFolder(folder);',
    to: '',
    scenario: 'power-loss',
  },
  {
    protection: 'fdatasync of a frame before its acknowledgement',
    file: 'src/writer/session/wal-stage.ts',
    from: 'if (this.options.power) this.segment?.sync();',
    to: '',
    scenario: 'power-loss',
  },
  {
    protection: 'the checksum of a frame',
    file: 'src/storage/wal/segment-reader.ts',
    from: 'if (crc32(payload, format.saltCrc) !== payloadCrc) return null;',
    to: '',
    scenario: 'bit-flips',
  },
  {
    protection: 'the checksum of the sealed bytes',
    file: 'src/reader/verify-run.ts',
    from: 'if (crc32(bytes) !== crc)',
    to: 'if (false)',
    scenario: 'bit-flips',
  },
  {
    protection: 'the checksum of a page',
    file: 'src/storage/parquet/decode-chunk.ts',
    from: 'if (header.crc === null || (crc32(stored) | 0) !== header.crc)',
    to: 'if (false)',
    scenario: 'bit-flips',
  },
  {
    protection: 'the loop around short writes',
    file: 'src/storage/write-all.ts',
    from: 'while (done < bytes.length) {',
    to: 'for (let once = 0; once < 1; once++) {',
    scenario: 'short-writes',
  },
  {
    protection: 'the sequence check on replay',
    file: 'src/run/replay/replayer.ts',
    from: 'from: this.place.seq }',
    to: 'from: 0 }',
    scenario: 'failing-calls',
  },
  {
    protection: "the lock's check before a publish",
    file: 'src/storage/next-version.ts',
    from: 'if (!publication.mayReplace())',
    to: 'if (false)',
    scenario: 'owners',
  },
  {
    protection: 'the size check of YAML',
    file: 'src/storage/atomic-file.ts',
    from: '    assertWhole(fs.statOpen(fd).size, bytes.length);\n',
    to: '',
    scenario: 'short-writes',
  },
  {
    protection: 'the acknowledgement only after the write',
    file: 'src/writer/session/wal-stage.ts',
    from: 'if (payload.length > 0 && !this.append(frame)) return drained;',
    to: 'if (payload.length > 0) this.append(frame);',
    scenario: 'failing-calls',
  },
  {
    protection: 'definitions that are written twice',
    file: 'src/writer/session/wal-stage.ts',
    from: 'if (state.records.defined > defined) this.repeatDefinitions(payload);',
    to: '',
    scenario: 'bit-flips',
  },
  {
    protection: 'what rows rest on, written twice',
    file: 'src/run/replay/checkpoint.ts',
    from: 'core ??= coreOf(payload)',
    to: 'core ??= part === 0 ? coreOf(payload) : null',
    scenario: 'bit-flips',
  },
  {
    protection: 'the log goes only when its rows are published',
    file: 'src/writer/session/wal-stage.ts',
    from: 'segment.seqEnd <= seq',
    to: 'true',
    scenario: 'changes',
  },
  {
    protection: 'heartbeats due by the monotonic clock',
    file: 'src/writer/session/upkeep.ts',
    from: 'const now = this.options.monotonic();',
    to: 'const now = Date.now();',
    scenario: 'clock-steps',
  },
  {
    protection: "the age of a beat by the file system's clock",
    file: 'src/storage/owner-watch.ts',
    from: 'fileSystemNow(this.fs, this.folder, this.monotonic)',
    to: 'Date.now()',
    scenario: 'clock-steps',
  },
  {
    protection: 'durations by the monotonic clock',
    file: 'src/writer/session/run-report.ts',
    from: 'this.context.monotonic() - this.opening.clock.takenAtMs',
    to: 'Date.now() - sessionStartMs(this.identity)',
    scenario: 'clock-steps',
  },
  {
    protection: 'the 15 s that a beat is watched before --force takes a run',
    file: 'src/storage/owner-watch.ts',
    from: 'monotonic() >= until',
    to: 'true',
    scenario: 'clock-steps',
  },
  {
    protection: 'a loss that is told is the one from the watermark on',
    file: 'src/run/load-run.ts',
    from: 'replayWal(fs, folder, runUuid, published.facts.watermark, { ...options, session })',
    to: 'replayWal(fs, folder, runUuid, NOTHING_PUBLISHED, { ...options, session: null })',
    scenario: 'random-kills',
  },
  {
    protection: 'a call that would replace a value begins a row',
    file: 'src/run/rows/row-joiner.ts',
    from: 'return !shape.metrics.some((metric) => metrics.has(metric));',
    to: 'return true;',
    scenario: 'model',
  },
  {
    protection: 'what is lost is said for good',
    file: 'src/writer/session/run-report.ts',
    from: 'losses: this.losses,',
    to: 'losses: [],',
    scenario: 'random-kills',
  },
  {
    protection: 'facts that a checkpoint carries',
    file: 'src/run/replay/checkpoint.ts',
    from: "...paramPieces('facts', facts),",
    to: "...paramPieces('facts', facts).slice(1),",
    scenario: 'changes',
  },
  {
    protection: 'facts of the log before those of run.yaml',
    file: 'src/run/replay/restore-state.ts',
    from: 'mergeParams(known, state.factRecords.merged)',
    to: 'mergeParams(state.factRecords.merged, known)',
    scenario: 'failing-calls',
  },
  {
    protection: 'the flush of the rows before their checkpoint',
    file: 'src/engine/files/checkpoints.ts',
    from: '    await flush();\n',
    to: '',
    scenario: 'checkpoints',
  },
  {
    protection: 'files of checkpoints go only after the list that does not name them',
    file: 'src/engine/files/checkpoints.ts',
    from: '    await this.#list(kept, name);\n    await this.#removeOthers(new Set(kept.map(({ file }) => file)));\n',
    to: '    await this.#removeOthers(new Set(kept.map(({ file }) => file)));\n    await this.#list(kept, name);\n',
    scenario: 'checkpoints',
  },
  {
    protection: 'the copy of a parent before its fork is a run',
    file: 'src/engine/open-run.ts',
    from: '    fork?.prepare(folder);\n    announce(fs, folder, identity, now);\n',
    to: '    announce(fs, folder, identity, now);\n    fork?.prepare(folder);\n',
    scenario: 'checkpoints',
  },
  {
    protection: "the exclusive claim of a version's number",
    file: 'src/storage/artifacts/claim.ts',
    from: "if (errno === 'EEXIST') return false;",
    to: "if (errno === 'EEXIST') { await fs.rename(file, name); return true; }",
    scenario: 'artifacts',
  },
  {
    protection: 'alerts that a kill left unsent are sent by the next owner',
    file: 'src/writer/session/session-alerts.ts',
    from: '    this.outbox.send(genuine);\n',
    to: '',
    scenario: 'alerts',
  },
  {
    protection: 'a request to stop gets its name when it is whole',
    file: 'src/run/stop-file.ts',
    from: 'replaceFile(fs, join(folder, STOP_NAME), Buffer.from(`${JSON.stringify(request)}\\n`));',
    to: "const fd = fs.open(join(folder, STOP_NAME), 'create'); fs.write(fd, Buffer.from(JSON.stringify(request)), 0); fs.close(fd);",
    scenario: 'alerts',
  },
  {
    protection: 'a request to stop is for one owner',
    file: 'src/run/stop-file.ts',
    from: ' || epoch !== target.epoch',
    to: '',
    scenario: 'alerts',
  },
];

const root = fileURLToPath(new URL('../../', import.meta.url));
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  checkAll(process.argv[2] ?? '');

function checkAll(word: string): void {
  const rows = MUTATIONS.filter(({ protection }) => protection.includes(word)).map(check);
  console.log('\n| protection taken away | scenario | noticed by |\n|---|---|---|');
  for (const { protection, scenario, noticed } of rows)
    console.log(`| ${protection} | \`${scenario}\` | ${noticed ?? '**nothing**'} |`);
  process.exitCode = rows.every(({ noticed }) => noticed !== null) ? 0 : 1;
}

function check({
  protection,
  file,
  from,
  to,
  scenario,
}: Mutation): Mutation & { readonly noticed: string | null } {
  const copy = mkdtempSync(join(tmpdir(), 'expman-mutation-'));
  try {
    for (const name of ['src', 'specs', 'package.json', 'tsconfig.json', 'README.md', 'LICENSE'])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    // A folder of its own, in which the build makes dist.
    mkdirSync(join(copy, 'node_modules'));
    for (const name of readdirSync(join(root, 'node_modules')).filter((each) => each !== '.cache'))
      symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
    const source = readFileSync(join(copy, file), 'utf8');
    if (source.split(from).length < 2) throw new Error(`${file} has no ${JSON.stringify(from)} any more`);
    writeFileSync(join(copy, file), source.replaceAll(from, to));
    const settings = readFileSync(join(copy, 'tsconfig.json'), 'utf8');
    // What a protection was made with is unused without it.
    writeFileSync(join(copy, 'tsconfig.json'), settings.replaceAll(/("noUnused\w+"): true/g, '$1: false'));
    const built = spawnSync(process.execPath, ['specs/conventions/build.mjs'], {
      cwd: copy,
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(`${protection}: ${built.stdout}${built.stderr}`);
    const run = spawnSync('npx', ['tsx', 'specs/faults/run.ts', '--seconds', '400', scenario], {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, FAULT_SEED: '1' },
    });
    // What a scenario had no time for it cannot have noticed.
    const isCut = run.stdout.includes(', cut short by its time');
    // A harness that cannot even start has noticed nothing.
    if (run.status !== 0 && !run.stderr.includes(`FAILED ${scenario}`))
      throw new Error(`${protection}: ${run.stdout}${run.stderr}`);
    const noticed =
      run.status === 0
        ? null
        : (/^(?:Violation|[A-Za-z]*Error): .*$/m.exec(run.stderr)?.[0].slice(0, 110) ?? 'an exception');
    const verdict = noticed !== null ? 'noticed' : isCut ? 'NOT NOTICED IN TIME' : 'NOT NOTICED';
    console.log(`${verdict}  ${protection}`);
    return { protection, file, from, to, scenario, noticed };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
