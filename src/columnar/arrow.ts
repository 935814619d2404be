import type * as apacheArrow from 'apache-arrow';
import { commonJs } from '../model/common-js.js';
import { load } from './arrow-bundle.cjs';

/** The Arrow package, or a copy of it. */
export type Arrow = typeof apacheArrow;

/**
 * Arrow as the writer uses it: the package's own bundle, one file.
 *
 * The hundred modules of its main entry take 150 ms to load, the bundle 40 ms; they are opened all
 * at once, more files than `ulimit -n 64` allows. Readers, whose tables are used with the caller's
 * Arrow, load the main entry.
 */
export const arrow = commonJs(() => load() as Arrow);
