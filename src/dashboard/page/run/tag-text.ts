/** Writes tags on one line, comma-separated; a tag that would not parse back is quoted as JSON. */
export const tagText = (tags: readonly string[]): string =>
  tags.map((tag) => (/^[\s"]|[,\r\n\u2028\u2029]|\s$/.test(tag) ? JSON.stringify(tag) : tag)).join(', ');

/** Parses the tags of such a line. */
export function tagsIn(text: string): string[] {
  const parts = text.matchAll(/\s*(?:("(?:[^"\\]|\\.)*")\s*|([^,]*))(?:,|$)/g);
  const tags = [...parts].map(([, quoted, plain = '']) =>
    quoted === undefined ? plain.trim() : unquoted(quoted),
  );
  return [...new Set(tags)].filter(Boolean);
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
