const TYPE = 'ExpmanWarning';
let warnedOfLateCall = false;

/** Warns the process, once for all runs, that something was logged to a closed run and dropped. */
export function warnOfLateCall(runDir: string): void {
  if (warnedOfLateCall) return;
  warnedOfLateCall = true;
  process.emitWarning(`something was logged to ${runDir} after its close; it was not taken`, {
    code: 'RUN_CLOSED',
    type: TYPE,
  });
}

/** Warns the process of the first value that a run left out: it shows in no exit code and on no curve. */
export function warnOfInvalid(run: string): void {
  const what = `${run}: something that cannot be logged was left out`;
  process.emitWarning(`${what}; run.log says what and why, \`invalid\` of health$ and run.yaml how many`, {
    code: 'INVALID_VALUE',
    type: TYPE,
  });
}

/** Warns the process of a tap that threw after its run was closed, when run.log takes no line any more. */
export function warnOfTap(runDir: string, message: string): void {
  process.emitWarning(`a tap of ${runDir} threw: ${message}`, { type: TYPE });
}
