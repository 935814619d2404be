// A writer that does nothing but acknowledge, as fast as it can: four numbers that are always the same one.
import { workerData } from 'node:worker_threads';
import { RunControl } from '../../dist/modules/channel/run-control.js';

/** @type {{ control: SharedArrayBuffer, stop: SharedArrayBuffer }} */
const { control, stop } = workerData;
const words = new Int32Array(stop);
const run = new RunControl(control);
Atomics.store(words, 1, 1);
Atomics.notify(words, 1);
for (let n = 1; Atomics.load(words, 0) === 0; n++) run.acknowledge(n, n, n, n);
