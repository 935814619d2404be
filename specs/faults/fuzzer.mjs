// Feeds mutated bytes to everything that reads what anyone may have written. Its parent sees a crash, a hang and its memory.
//
//   node specs/faults/fuzzer.mjs FOLDER SEED INPUTS     FOLDER holds a run that was cut off
import { readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { RecordDictionary, splitRecords } from '../../dist/modules/channel/records.js';
import { ExpmanError } from '../../dist/modules/model/errors.js';
import { readContents } from '../../dist/modules/reader/read-contents.js';
import { verifyRun } from '../../dist/modules/reader/verify-run.js';
import { decodeChunk, decodeFooter, footerLength } from '../../dist/modules/storage/parquet/index.js';
import { readOwnership } from '../../dist/modules/storage/owner-watch.js';
import { readSegment } from '../../dist/modules/storage/wal/segment-reader.js';
import { parseYaml } from '../../dist/modules/storage/yaml-file.js';
import { decodeSpans } from '../../dist/modules/run/rows/decode-spans.js';
import { hostileYaml } from './hostile-yaml.mjs';

const [folder = '', seed = '1', inputs = '100'] = process.argv.slice(2);
const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
const slow = { ms: 0, what: '' };
let state = Number(seed) >>> 0;
const below = (/** @type {number} */ limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
/** @template T @param {readonly T[]} from @returns {T} */
const pick = (from) => /** @type {T} */ (from[below(from.length)]);
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0xfe];

/** One to six changes: bits, bytes, numbers at their edges, stretches copied, cut out or doubled. @param {Uint8Array} bytes */
function mutated(bytes) {
  let out = Buffer.from(bytes);
  for (let changes = 1 + below(6); changes > 0; changes--) {
    const at = below(Math.max(1, out.length));
    const length = 1 + below(pick([4, 64, 4096]));
    switch (below(7)) {
      case 0:
        out[at] = (out[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        out[at] = pick(EDGES);
        break;
      case 2:
        if (at < out.length) out.fill(pick(EDGES), at, Math.min(out.length, at + pick([2, 4, 8])));
        break;
      case 3:
        out.copy(out, below(Math.max(1, out.length)), at, at + length);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
        break;
      case 5:
        out = Buffer.concat([out.subarray(0, at + length), out.subarray(at)]);
        break;
      default:
        if (out.length >= 4)
          out.writeInt32LE(pick([-1, 2 ** 31 - 1, -(2 ** 31), below(1000)]), Math.min(at, out.length - 4));
    }
  }
  return out.subarray(0, 1 << 20);
}

/** A folder in memory with one file changed; only what readers call. @param {string} changed @param {Buffer} bytes */
function diskWith(changed, bytes) {
  /** @param {string} path */
  const find = (path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return name === changed ? bytes : files.get(name);
  };
  /** @type {Map<number, Buffer>} */
  const open = new Map();
  let next = 3;
  /** @param {Buffer} file */
  const facts = (file) => ({
    kind: 'file',
    size: file.length,
    modifiedMs: 0,
    inode: 1,
    device: 1,
    bornMs: 0,
    links: 1,
  });
  const refuse = (/** @type {string} */ path) =>
    Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
  return {
    open: (/** @type {string} */ path) => {
      const file = find(path);
      if (file === undefined) throw refuse(path);
      open.set(++next, file);
      return next;
    },
    read: (/** @type {number} */ fd, /** @type {Uint8Array} */ into, /** @type {number} */ position) => {
      const part = (open.get(fd) ?? Buffer.alloc(0)).subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    close: (/** @type {number} */ fd) => void open.delete(fd),
    statOpen: (/** @type {number} */ fd) => facts(open.get(fd) ?? Buffer.alloc(0)),
    stat: (/** @type {string} */ path) => {
      if (path === '/run') return { ...facts(Buffer.alloc(0)), kind: 'folder' };
      const file = find(path);
      return file === undefined ? null : facts(file);
    },
    list: () => [...files.keys()],
  };
}

const named = (/** @type {RegExp} */ names) => [...files.keys()].filter((name) => names.test(name));
const bytesOf = (/** @type {string} */ name) => files.get(name) ?? Buffer.alloc(0);
const wal = named(/^wal-/).map(bytesOf);
const payloads = wal.flatMap((bytes) =>
  readSegment(bytes)
    .frames.slice(1)
    .map(({ payload }) => payload),
);
const parquet = bytesOf('metrics.parquet');
const footer = parquet.subarray(parquet.length - footerLength(parquet.subarray(-8)) - 8);
const chunks = decodeFooter(footer, parquet.length).groups.flatMap((group) => group.chunks);
const look = (/** @type {string} */ name) => {
  const fs = /** @type {import('../../dist/modules/storage/fs-port.js').FsPort} */ (
    /** @type {unknown} */ (diskWith(name, mutated(bytesOf(name))))
  );
  verifyRun(fs, '/run');
  return readContents(fs, '/run');
};

/** @type {Record<string, () => unknown>} */
const targets = {
  segment: () => readSegment(Buffer.from(mutated(pick(wal)))),
  records: () => {
    // Records lie 8-byte aligned and come in whole words: the frame's reader sees to that.
    const bytes = mutated(pick(payloads));
    const payload = new Uint8Array(new ArrayBuffer(bytes.length & ~7));
    payload.set(bytes.subarray(0, payload.length));
    return decodeSpans(
      splitRecords(Buffer.from(payload.buffer), { epoch: 0, seq: 0, from: 0 }, new RecordDictionary(), 1024)
        .spans,
    );
  },
  footer: () => decodeFooter(mutated(footer), parquet.length),
  chunk: () => {
    const chunk = pick(chunks);
    return decodeChunk(mutated(parquet.subarray(chunk.offset, chunk.offset + chunk.length)), chunk);
  },
  yaml: () => parseYaml(mutated(bytesOf(pick(['run.yaml', 'config.yaml']))).toString('utf8')),
  lock: () => readOwnership(/** @type {any} */ (diskWith('run.lock', mutated(bytesOf('run.lock')))), '/run'),
  folder: () => look(pick(named(/^(wal-|metrics|run\.yaml|config\.yaml|run\.lock)/))),
};
const COSTS = /** @type {Record<string, number>} */ ({ folder: 40, yaml: 10 });

/** @param {string} what @param {() => unknown} work */
function attempt(what, work) {
  const started = performance.now();
  let refused = 0;
  try {
    work();
  } catch (error) {
    if (!(error instanceof ExpmanError)) throw new Error(`${what}: ${String(error)}`, { cause: error });
    refused = 1;
  }
  const ms = performance.now() - started;
  if (ms > slow.ms) Object.assign(slow, { ms, what });
  return refused;
}

const say = (/** @type {unknown} */ told) => void writeSync(1, `${JSON.stringify(told)}\n`);
for (const [target, work] of Object.entries(targets)) {
  const count = Math.ceil(Number(inputs) / (COSTS[target] ?? 1));
  let refused = 0;
  for (let input = 0; input < count; input++) {
    const before = state;
    refused += attempt(`${target}, state ${before}`, work);
    if (input % 500 === 0) say({ target, input });
  }
  say({ target, done: count, refused, rss: process.memoryUsage().rss, slow });
}
const hostile = hostileYaml();
for (let round = 0; round < 1000; round++) {
  for (const [name, text] of Object.entries(hostile)) attempt(`hostile YAML ${name}`, () => parseYaml(text));
  if (round % 50 === 0) say({ target: 'hostile', input: round });
}
const { polluted } = /** @type {any} */ ({});
if (polluted !== undefined) throw new Error('Object.prototype was polluted');
say({
  target: 'hostile',
  done: 1000 * Object.keys(hostile).length,
  refused: 0,
  rss: process.memoryUsage().rss,
  slow,
});
