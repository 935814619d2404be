// The other end of a channel, in a thread of its own, without a disk: checks every row, and yields and looks twice at random.
import { parentPort, workerData } from 'node:worker_threads';
import { ChannelReader } from '../../dist/modules/channel/channel-reader.js';
import { Arena, ArenaTable } from '../../dist/modules/channel/chunk-pool.js';
import { RecordDictionary, splitRecords } from '../../dist/modules/channel/records.js';
import { RunControl } from '../../dist/modules/channel/run-control.js';

/** @typedef {{ readonly id: number, readonly memory: SharedArrayBuffer }} PlainArena */

/** @type {{ control: SharedArrayBuffer, wire: SharedArrayBuffer, arenas: PlainArena[], rows: number, seed: number }} */
const { control, wire, arenas, rows, seed } = workerData;
const words = new Int32Array(wire);
const table = new ArenaTable();
for (const { id, memory } of arenas) table.add(new Arena(id, memory));
parentPort?.on('message', (/** @type {PlainArena} */ { id, memory }) => table.add(new Arena(id, memory)));

let state = seed;
const chance = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

const reader = new ChannelReader(new RunControl(control), table);
const dictionary = new RecordDictionary();
let seq = 0;
let row = 0;
/** @type {string[]} */
const wrong = [];

/** @param {import('../../dist/modules/channel/records.js').RowSpan} span */
function check({ views: { bytes }, start, rows: count, shape }) {
  const ints = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  for (let index = 0, at = start; index < count; index++, row++, at += ints[at >> 2] ?? 8) {
    const found = [...doubles.subarray((at >> 3) + 1, (at >> 3) + 3 + shape.kinds.length)];
    // Each value of a row is a function of its step, so that a row made of two is told.
    if (!found.every((value, place) => shape.hasStrings || value === (place < 2 ? row : row + place)))
      wrong.push(`row ${row} is ${String(found)}`);
    if (shape.hasStrings && found[0] !== row) wrong.push(`row ${row} of strings is ${String(found)}`);
  }
}

function turn() {
  const payload = reader.read(1 + Math.floor(chance() * 100_000), 0);
  if (payload !== null) {
    const again = chance() < 0.05 ? reader.read(1 << 20, 0) : null;
    if (again !== null && payload.compare(again, 0, payload.length) !== 0) wrong.push(`reread at ${seq}`);
    const taken = again ?? payload;
    const split = splitRecords(taken, { epoch: 0, seq }, dictionary, 1000);
    split.spans.forEach(check);
    seq += split.records;
    reader.acknowledge(seq, row);
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
  }
  if (row < rows && wrong.length === 0) {
    if (chance() < 0.5) setImmediate(turn);
    else setTimeout(turn, 0);
    return;
  }
  parentPort?.postMessage({ row, seq, wrong, idle: reader.idle });
  parentPort?.close();
}

turn();
