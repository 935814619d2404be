/**
 * Formats a time by the reader's clock, `2026-03-01 12:00:05`, to the minute or to the second; null
 * if the text is not a time.
 */
export function localTime(iso: string, to: 'minute' | 'second'): string | null {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return null;
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), ...(to === 'second' ? [date.getSeconds()] : [])];
  return `${day} ${time.map(two).join(':')}`;
}
