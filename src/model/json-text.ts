/** A value as JSON: what JSON has no words for, bigints and the numbers that are none, is text, and maps are objects. */
export const jsonText = (value: unknown, indent?: number): string => JSON.stringify(value, replacer, indent);

function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Map) return Object.fromEntries(value as ReadonlyMap<string, unknown>);
  return value;
}
