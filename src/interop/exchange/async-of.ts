/** Yields items at hand where an interface asks for an async iterable. */
// eslint-disable-next-line @typescript-eslint/require-await -- the type is required
export async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T, void> {
  yield* items;
}
