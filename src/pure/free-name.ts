/** Returns a name or, while it is taken, the name with `_` after it, as often as it takes. */
export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  let name = wanted;
  while (isTaken(name)) name += '_';
  return name;
}
