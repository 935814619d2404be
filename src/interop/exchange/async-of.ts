/** What is at hand at once, where a contract asks for what comes by and by. */
// eslint-disable-next-line @typescript-eslint/require-await -- the type is what is wanted
export async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T, void> {
  yield* items;
}
