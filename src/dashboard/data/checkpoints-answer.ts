import { messageOf } from '../../model/errors.js';
import { checkpointListOf } from '../../reader/read-checkpoints.js';
import { checkpointFacts, sizeProblem } from '../../run/stored-checkpoint.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { RunAnswer } from '../api.js';
import { jsonStep } from './json-step.js';

/**
 * The checkpoints in one answer, the last ones.
 *
 * @bound tells: the answer and the page say how many more; specs/dashboard/server/run-parts.spec.ts
 * "has the last 1,000 checkpoints, and counts the others"
 */
const MAX_CHECKPOINTS_SHOWN = 1000;

type Checkpoints = Pick<RunAnswer, 'checkpoints' | 'checkpointsLeftOut' | 'checkpointsProblem'>;

/** Reads the checkpoints of a run; a list that cannot be read leaves the rest of the page. */
export function checkpointsAnswer(runDir: string): Checkpoints {
  try {
    const { lines, damaged } = checkpointListOf(nodeFs, runDir);
    const shown = lines.slice(-MAX_CHECKPOINTS_SHOWN);
    return {
      checkpoints: shown.map((line) => {
        const facts = checkpointFacts(runDir, line);
        const { step, size, savedAt, keep, values } = facts;
        return {
          ...{ step: jsonStep(step), bytes: size, savedAt, keep: [...keep] },
          values: Object.fromEntries(
            Object.entries(values).map(([name, value]) => [
              name,
              Number.isFinite(value) ? value : String(value),
            ]),
          ),
          problem: sizeProblem(nodeFs, facts),
        };
      }),
      checkpointsLeftOut: lines.length - shown.length,
      checkpointsProblem:
        damaged.length === 0 ? null : `${damaged.length} damaged lines of their list were left out`,
    };
  } catch (error) {
    return {
      checkpoints: [],
      checkpointsLeftOut: 0,
      checkpointsProblem: messageOf(error).replaceAll(runDir, 'the run'),
    };
  }
}
