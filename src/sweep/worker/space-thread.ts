import { parentPort, workerData } from 'node:worker_threads';
import { parseSpace } from '../space/parse-space.js';
import type { SpaceTree } from '../space/space-tree.js';
import { type PortableError, portable } from './portable-error.js';
import { trainOf } from './train-of.js';

/** The answer of the thread: the space of a module, null if it exports none. */
export type SpaceAnswer = { readonly tree: SpaceTree | null } | { readonly error: PortableError };

/** The entry of the thread that looks at a module, so that what it loads does not burden the process. */
async function main(module: string): Promise<SpaceAnswer> {
  try {
    const exported: unknown = await import(module);
    trainOf(exported, module);
    const space: unknown = Reflect.get(Object(exported) as object, 'space');
    return { tree: space === undefined ? null : parseSpace(space) };
  } catch (error) {
    return { error: portable(error) };
  }
}

void main(workerData as string).then((answer) => {
  parentPort?.postMessage(answer);
  // A module may keep its thread alive.
  process.exit(0);
});
