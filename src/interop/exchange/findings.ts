/** Something that an importer noticed about a run. */
export interface Finding {
  /**
   * `damaged`: a part of the source that is not whole and was not read; with `strict` the run fails.
   * `left out`: a part that a run has no place for. `guessed`: what the source does not say.
   */
  readonly kind: 'damaged' | 'left out' | 'guessed';
  /** Such as `line 12 of metrics/loss, which has no end`. */
  readonly text: string;
}

/** Collects findings; a source is read more than once, and each is told once. */
export class Findings {
  private readonly byKey = new Map<string, Finding>();

  /** @param key - the subject of the finding; a later one of the same subject replaces it */
  add(kind: Finding['kind'], text: string, key = text): void {
    this.byKey.set(`${kind} ${key}`, { kind, text });
  }

  get all(): readonly Finding[] {
    return [...this.byKey.values()];
  }
}
