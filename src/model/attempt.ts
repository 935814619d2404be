/**
 * Runs an action that may fail without harm: a clean-up, or one whose failure is reported
 * elsewhere.
 */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    return;
  }
}
