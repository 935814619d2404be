/** Returns a function that calls `make` the first time it is called, and from then on returns what that returned. */
export function memoised<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
