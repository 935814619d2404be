/** Does what may fail without harm: tidying up, or what is told elsewhere when it fails. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    return;
  }
}
