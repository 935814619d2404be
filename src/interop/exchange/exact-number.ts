const INTEGER = /^-?(?:0|[1-9]\d*)$/;

/**
 * Returns the number that a text states, if writing that number gives the text back: as Python
 * (`repr`: `0.001`, `1e-05`, `2.0`) or JavaScript does. Undefined for any other text: `3.10` is a
 * version, `007` a name, `1234e5` a commit.
 */
export function exactNumberOf(text: string): number | undefined {
  // No number is written with more characters.
  if (text.length > 32 || !/^-?\d/.test(text)) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) return undefined;
  if (INTEGER.test(text)) return String(number) === text && Number.isSafeInteger(number) ? number : undefined;
  return text === pythonText(number) || text === String(number) ? number : undefined;
}

/** Writes a double as Python's `repr` does; both languages use the shortest digits. */
function pythonText(number: number): string {
  if (Object.is(number, -0)) return '-0.0';
  const [digits = '', exponent = ''] = number.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 16)
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const text = String(number);
  return Number.isInteger(number) ? `${text}.0` : text;
}
