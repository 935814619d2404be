/**
 * Returns an address of the server itself, or of an image within the report; null for any other: no
 * link or picture of the page leads outside, and none is a script.
 */
export function safeHref(href: string): string | null {
  return /^\/(?![/\\])[^\\]*$/.test(href) ||
    /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*$/.test(href)
    ? href
    : null;
}
