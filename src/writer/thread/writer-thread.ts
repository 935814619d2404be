import { parentPort, workerData } from 'node:worker_threads';
import { Arena, ArenaTable } from '../../channel/chunk-pool.js';
import { WireOwner, WireWord } from '../../channel/chunk-layout.js';
import { attempt } from '../../model/attempt.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { FromWriter, RunOpening, ToWriter } from './writer-messages.js';
import { WriterCore } from './writer-core.js';
import { WriterLoop } from './writer-loop.js';

/** The age from which a process counts as a long-running one. */
const SETTLED_MS = 1_000;

/** The start data of a writer thread. */
export interface WriterThreadData {
  readonly wire: SharedArrayBuffer;
  readonly arenas: readonly { readonly id: number; readonly memory: SharedArrayBuffer }[];
  readonly openings: readonly RunOpening[];
}

/**
 * The entry of the writer thread; uses only synchronous fs, because the thread pool may be busy
 * when it matters.
 */
async function main(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('writer-thread.js runs in a worker');
  const data = workerData as WriterThreadData;
  const wire = new Int32Array(data.wire);
  // If the process is already exiting, the caller's thread has taken over.
  if (Atomics.compareExchange(wire, WireWord.owner, WireOwner.none, WireOwner.thread) !== WireOwner.none)
    return;
  // A dying thread announces that at once, to a caller that may be blocking its event loop.
  const sayGone = (): void =>
    void Atomics.compareExchange(wire, WireWord.owner, WireOwner.thread, WireOwner.gone);
  process.on('exit', sayGone);
  const arenas = new ArenaTable();
  for (const { id, memory } of data.arenas) arenas.add(new Arena(id, memory));
  const core = new WriterCore({
    fs: nodeFs,
    wire,
    arenas,
    post: (message: FromWriter) => port.postMessage(message),
  });
  const loop = new WriterLoop(core, wire);
  for (const opening of data.openings) core.open(opening);
  port.on('message', (message: ToWriter) => {
    switch (message.kind) {
      case 'arena':
        arenas.add(new Arena(message.id, message.memory));
        return;
      case 'open':
        core.open(message.opening);
        loop.wake();
        return;
      case 'flush':
        core.flush(message.runId, message.flushId, message.seq);
        loop.wake();
        return;
      case 'wake':
        loop.wake();
        return;
      case 'caller':
        core.callerSays(message.facts);
        return;
      case 'end':
        // Its successor may already exist, on the same words.
        process.off('exit', sayGone);
        loop.stop();
        port.close();
        return;
    }
  });
  loop.start();
  port.postMessage({ kind: 'ready' } satisfies FromWriter);
  const yamlParts = await import('./yaml-parts.js');
  core.attachYaml(yamlParts);
  core.attach(await import('./columnar-parts.js'));
  loop.wake();
  // Rarely needed modules are loaded early: when they are needed, descriptors may be used up.
  setTimeout(() => attempt(yamlParts.yaml), SETTLED_MS).unref();
}

// Not awaited at the top level: a bundler that copies this file may take it for a script. An error
// still ends the thread.
main().catch((error: unknown) =>
  process.nextTick(() => {
    throw error;
  }),
);
