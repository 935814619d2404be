import { quoted } from '../../model/printable.js';

/** @bound loses nothing: the message names some, and says how many there are besides */
const NAMED = 5;

/** Lists names for a message: `"a", "b"`, and of many the first: `"a", …, "e" and 7 more`. */
export function someNames(names: Iterable<string>): string {
  const all = [...names];
  const named = all.slice(0, NAMED).map((name) => quoted(name, 60));
  return all.length > NAMED ? `${named.join(', ')} and ${all.length - NAMED} more` : named.join(', ');
}
