/**
 * Makes the names of an evaluation's cases different: a name that comes again gets `#2`, `#3` and so
 * on. The same names in the same order always give the same ones, so a resumed evaluation knows them.
 */
export class CaseNames {
  /** The number to try next, by the name that was given. */
  readonly #next = new Map<string, number>();
  readonly #taken = new Set<string>();
  /** The number of names that had come before. */
  repeated = 0;

  /** Returns the name, or another one where it was given before. */
  distinct(name: string): string {
    let number = this.#next.get(name) ?? 1;
    let distinct = name;
    while (this.#taken.has(distinct)) distinct = `${name}#${++number}`;
    if (distinct !== name) {
      this.#next.set(name, number);
      this.repeated++;
    }
    this.#taken.add(distinct);
    return distinct;
  }
}
