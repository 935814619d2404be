import { once } from 'node:events';
import { startThread } from '../../channel/start-thread.js';
import { ExpmanError } from '../../model/errors.js';
import { invalidOption } from '../../model/option-rules.js';
import { toAssignment } from '../space/space-params.js';
import type { SpaceTree } from '../space/space-tree.js';
import { restored } from './portable-error.js';
import type { SpaceAnswer } from './space-thread.js';

const ENTRY = (): URL => new URL('./space-thread.js', import.meta.url);

/**
 * Returns a check of parameters against the space that a module exports as `space`.
 *
 * @param anyParams - true if the module may export none; then all parameters pass
 * @throws {@link ExpmanError} `INVALID_OPTION` if the module exports no training function, or no
 * space, and what its loading throws
 */
export async function paramsCheckOf(module: URL, anyParams: boolean): Promise<(params: unknown) => void> {
  const tree = await spaceOf(module);
  if (tree !== null)
    return (params) => {
      toAssignment(tree, params);
    };
  if (!anyParams)
    throw invalidOption(
      'module',
      `a module that exports its space as \`space\`, to check parameters against; --any-params takes any (${module.href})`,
      undefined,
    );
  return () => undefined;
}

async function spaceOf(module: URL): Promise<SpaceTree | null> {
  const thread = startThread(ENTRY, { name: 'expman-space', workerData: module.href });
  const [answer] = (await Promise.race([
    once(thread, 'message'),
    once(thread, 'exit').then(([code]) => {
      throw new ExpmanError('IO', `the module ${module.href} ended its thread with code ${String(code)}`);
    }),
  ])) as [SpaceAnswer];
  if ('error' in answer) throw restored(answer.error);
  return answer.tree;
}
