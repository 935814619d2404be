import { ExpmanError, type ErrorCode } from '../../model/errors.js';
import { quoted } from '../../model/printable.js';

/**
 * The names shown of things of which there may be many.
 *
 * @bound tells: the note says how many more; specs/interop/merging/merge-runs.spec.ts "says how many
 * names a note has no room for"
 */
const SHOWN = 5;

/**
 * What a merge could not do without a choice or without leaving something out; a strict one refuses
 * instead.
 */
export class MergeNotes {
  readonly #texts: string[] = [];
  readonly #partly = new Set<string>();

  constructor(private readonly isStrict: boolean) {}

  /** All of them, in words. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** Notes a choice. @throws ExpmanError `INVALID_VALUE` in a strict merge */
  add(text: string): void {
    this.#note(text, 'INVALID_VALUE', undefined);
  }

  /**
   * Notes that something of a run is not in the new one, so that the run must not be deleted.
   *
   * @throws ExpmanError `CORRUPT`, or the given code, in a strict merge
   */
  leftOut({ label, runDir }: NotedRun, text: string, code: ErrorCode = 'CORRUPT'): void {
    this.#partly.add(runDir);
    this.#note(`${label}: ${text}`, code, runDir);
  }

  /** Tells if all of a run is in the new one. */
  isWhole({ runDir }: NotedRun): boolean {
    return !this.#partly.has(runDir);
  }

  #note(text: string, code: ErrorCode, path: string | undefined): void {
    if (this.isStrict)
      throw new ExpmanError(code, `a strict merge is refused: ${text}`, path === undefined ? {} : { path });
    this.#texts.push(text);
  }
}

/** A run that notes are about. */
interface NotedRun {
  readonly label: string;
  readonly runDir: string;
}

/** Lists names for a note: the first five, and how many more there are. */
export function namesText(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map((name) => quoted(name, 60));
  return `${shown.join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;
}
