import { type Params, decodeParams, encodeParams, mergeParams } from '../model/params.js';

/**
 * Well below what {@link decodeParams} takes: a checkpoint that cannot be read back would cost the run.
 *
 * @bound tells: paramsLeftOut in run.yaml says how many; specs/engine/calls.spec.ts "keeps config.yaml readable however many parameters there are, and says how many it left out"
 */
const MAX_TEXT = 4 * 1024 * 1024;

/**
 * What a run's records say of its parameters, or of its facts: merged in their order, the last one wins.
 *
 * Once there is no room for a record, that one and all later ones are refused and counted, so that the same records always come
 * to the same.
 */
export class MergedParams {
  merged: Params = {};
  /** Records that were not taken. */
  refused = 0;
  /** At least the length of {@link merged} as text; what was written over counts until it is measured. */
  private length = 0;

  /** Takes a record that `encodeParams` wrote. */
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

  /** Begins again with what such a text says. */
  restore(text: string): void {
    this.merged = decodeParams(text);
    this.length = text.length;
    this.refused = 0;
  }
}
