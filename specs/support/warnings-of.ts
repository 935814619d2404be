/** Does some work, and returns the texts of the package's own warnings by then. */
export async function warningsOf(work: () => Promise<unknown>): Promise<string[]> {
  const texts: string[] = [];
  const onWarning = ({ name, message }: Error): void => {
    if (name === 'ExpmanWarning') texts.push(message);
  };
  process.on('warning', onWarning);
  try {
    await work();
    // Node emits a warning on the next tick.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('warning', onWarning);
  }
  return texts;
}
