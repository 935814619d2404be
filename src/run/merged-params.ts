import { type Params, decodeParams, encodeParams, mergeParams } from '../model/params.js';

/**
 * Well below the limit of {@link decodeParams}: a checkpoint that cannot be read back would cost
 * the run.
 *
 * @bound tells: paramsLeftOut in run.yaml says how many; specs/engine/calls.spec.ts "keeps config.yaml readable however many parameters there are, and says how many it left out"
 */
const MAX_TEXT = 4 * 1024 * 1024;

/**
 * The parameters, or the facts, of a run's records, merged in their order: the last one wins.
 *
 * Once there is no room for a record, it and all later ones are refused and counted, so that the
 * same records always give the same result.
 */
export class MergedParams {
  merged: Params = {};
  /** The number of refused records. */
  refused = 0;
  /**
   * An upper bound of the length of {@link merged} as text: overwritten values count until it is
   * measured.
   */
  private length = 0;

  /** Merges a record that `encodeParams` wrote. */
  add(text: string): void {
    if (this.refused === 0) {
      const merged = mergeParams(this.merged, decodeParams(text));
      this.length += text.length;
      if (this.length > MAX_TEXT) this.length = encodeParams(merged).length;
      if (this.length <= MAX_TEXT) {
        this.merged = merged;
        return;
      }
    }
    this.refused++;
  }

  /** Starts again from such a text. */
  restore(text: string): void {
    this.merged = decodeParams(text);
    this.length = text.length;
    this.refused = 0;
  }
}
