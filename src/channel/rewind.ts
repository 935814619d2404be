import { ExpmanError } from '../model/errors.js';
import { cut } from '../model/printable.js';
import { type Step, stepFromText } from '../model/step.js';

/** The rows and media of earlier sessions that a session removes when it begins. */
export interface RewindOrder {
  /** Rows with this step or a greater one are removed. */
  readonly fromStep: Step;
  /** Media with such a step are removed from the first `mediaBytes` bytes of their manifest. */
  readonly mediaBytes: number;
}

/** A rewind and its position among a run's records. */
export interface Rewind extends RewindOrder {
  /** The epoch of the session that requested it; it applies to the rows of all earlier ones. */
  readonly epoch: number;
  /** The number of its record in its epoch. */
  readonly seq: number;
}

export const encodeRewind = ({ fromStep, mediaBytes }: RewindOrder): string =>
  JSON.stringify({ fromStep: String(fromStep), mediaBytes });

/** @throws {@link ExpmanError} `CORRUPT` for a text that no run writes */
export function decodeRewind(text: string): RewindOrder {
  let said: Partial<Record<keyof RewindOrder, unknown>> | null;
  try {
    said = JSON.parse(text) as typeof said;
  } catch {
    said = null;
  }
  const fromStep = typeof said?.fromStep === 'string' ? stepFromText(said.fromStep) : undefined;
  const mediaBytes = said?.mediaBytes;
  if (fromStep === undefined || typeof mediaBytes !== 'number' || !Number.isSafeInteger(mediaBytes))
    throw new ExpmanError('CORRUPT', `not a rewind: ${cut(text, 80)}`);
  return { fromStep, mediaBytes };
}
