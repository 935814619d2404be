import { ExpmanError } from '../../model/errors.js';
import { type NameKinds, parseName } from '../../model/names.js';

/** @bound loses nothing: run.yaml has the whole name under imported */
const MAX_LENGTH = 128;

/**
 * Returns the closest allowed name to another tool's: characters that no folder name may contain
 * become `_`.
 *
 * @example
 * allowedName('run', 'lr=1e-3, seed 7', 'imported'); // 'lr_1e-3_seed_7'
 */
export function allowedName<K extends keyof NameKinds>(
  kind: K,
  text: string,
  otherwise: string,
): NameKinds[K] {
  const tidy = text
    .normalize('NFKD')
    .slice(0, 4 * MAX_LENGTH)
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[._-]+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/[._]+$/, '');
  try {
    return parseName(kind, tidy === '' ? otherwise : tidy);
  } catch (error) {
    // The remaining name is that of a Windows device.
    if (error instanceof ExpmanError) return parseName(kind, `${otherwise}_${tidy}`.slice(0, MAX_LENGTH));
    throw error;
  }
}
