const TYPE = 'ExpmanWarning';
let warnedOfLateCall = false;

/** Warns the process, once for all runs, that data was logged to a closed run and dropped. */
export function warnOfLateCall(runDir: string): void {
  if (warnedOfLateCall) return;
  warnedOfLateCall = true;
  process.emitWarning(`data was logged to ${runDir} after it was closed, and was dropped`, {
    code: 'RUN_CLOSED',
    type: TYPE,
  });
}

/**
 * Warns the process of the first value that a run left out, because no exit code and no curve shows
 * it.
 */
export function warnOfInvalid(run: string): void {
  const what = `${run}: a value that cannot be logged was left out`;
  process.emitWarning(
    `${what}; see run.log for the reason, and \`invalid\` in health$ and run.yaml for the number`,
    {
      code: 'INVALID_VALUE',
      type: TYPE,
    },
  );
}

/**
 * Warns the process of a tap that threw after its run was closed, when run.log no longer accepts
 * lines.
 */
export function warnOfTap(runDir: string, message: string): void {
  process.emitWarning(`a tap of ${runDir} threw: ${message}`, { type: TYPE });
}
