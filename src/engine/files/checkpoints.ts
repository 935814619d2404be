import { join } from 'node:path';
import {
  CHECKPOINTS_FOLDER,
  type CheckpointLine,
  MAX_CHECKPOINT_LIST,
  MAX_CHECKPOINTS,
  checkpointLines,
  checkpointName,
  numberInName,
} from '../../model/checkpoint.js';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { goalByName, keepText, keptBy } from '../../model/keep-rule.js';
import { MANIFEST_NAME } from '../../model/media.js';
import { invalidOption } from '../../model/option-rules.js';
import { type Goal, type MetricDefinitions, definitionOf } from '../../pure/metric-definition.js';
import { quantity } from '../../pure/quantity.js';
import { type LastValues, lastValuesIn } from '../../run/last-values.js';
import type { Mark } from '../../run/rows/rewind-rows.js';
import { type CheckpointFacts, checkpointFacts, checkpointsIn } from '../../run/stored-checkpoint.js';
import type { FsPort } from '../../storage/fs-port.js';
import { isTempName } from '../../storage/atomic-file.js';
import { copyFrom, placeFile, telling } from './artifacts.js';
import { asyncFs } from './async-fs.js';
import type { CheckpointCall } from './checkpoint-call.js';

/** The parts of a run that its checkpoints need. */
export interface CheckpointParts {
  readonly fs: FsPort;
  readonly runDir: string;
  readonly runUuid: string;
  readonly epoch: number;
  /** The rewind of this session; null for none. */
  readonly rewind: Mark | null;
  /** Resolves when everything logged so far is as durable as the run's options ask. */
  readonly flush: () => Promise<void>;
  readonly tell: (level: string, message: string) => void;
}

/**
 * The `checkpoints/` folder of a run that is open: files that are never replaced, and the list of
 * those that count, which is replaced as a whole.
 *
 * A checkpoint is in the list once its file is on the device, and so are the rows that were logged
 * before it. A process that is killed earlier or later leaves at most files that no reader looks at;
 * the next checkpoint removes them.
 */
export class Checkpoints {
  #turn: Promise<unknown> = Promise.resolve();
  readonly #told = new Set<string>();

  constructor(private readonly parts: CheckpointParts) {}

  /** Saves a checkpoint after those that were asked for before. */
  save(call: CheckpointCall): Promise<CheckpointFacts> {
    const { runDir } = this.parts;
    const saved = this.#turn.then(() =>
      telling(`the checkpoint of step ${call.step}`, join(runDir, CHECKPOINTS_FOLDER), () =>
        this.#save(call),
      ),
    );
    this.#turn = saved.catch(() => undefined);
    return saved;
  }

  async #save(call: CheckpointCall): Promise<CheckpointFacts> {
    const { fs, runDir, epoch, flush } = this.parts;
    const savedAt = new Date().toISOString();
    // What the checkpoint was made from must not be lost where the checkpoint is not, nor may files
    // go before the rewind that takes them out of the list is in the log.
    await flush();
    const known = this.#look(call);
    const { lines, damaged } = checkpointsIn(fs, runDir, known.rewinds);
    if (damaged.length > 0)
      this.#tell('warn', `${quantity(damaged.length, 'damaged lines')} of the list of checkpoints left out`);
    const goals = new Map(
      call.rules.flatMap((rule) =>
        rule.kind === 'best' ? [[rule.metric, this.#goalOf(rule.metric, call.goal, known.definitions)]] : [],
      ),
    );
    const before = lines.filter(({ step }) => step !== call.step);
    const name = checkpointName(call.step, this.#freeNumber(), call.extension);
    const { bytes: size, sha256 } = await this.#write(name, call);
    const line: CheckpointLine = {
      ...{ step: call.step, epoch, file: name, size, sha256, savedAt },
      values: Object.fromEntries(known.values),
      ...(call.rules.length > 0 && { keep: call.rules.map(keepText) }),
    };
    const kept = keptBy(call.rules, (metric) => goals.get(metric) ?? 'max', [...before, line]);
    await this.#list(kept, name);
    await this.#removeOthers(new Set(kept.map(({ file }) => file)));
    return checkpointFacts(runDir, line);
  }

  #look({ step, rules }: CheckpointCall): LastValues {
    const { fs, runDir, runUuid, rewind } = this.parts;
    const metrics = [...new Set(rules.flatMap((rule) => (rule.kind === 'best' ? [rule.metric] : [])))];
    const known = lastValuesIn(fs, runDir, runUuid, { metrics, toStep: step, coming: rewind });
    for (const metric of metrics)
      if (Number.isNaN(known.values.get(metric) ?? NaN))
        this.#tell(
          'warn',
          `the checkpoint of step ${step} ranks last by ${metric}, ${known.values.has(metric) ? 'which is NaN' : 'which has no number yet'}`,
        );
    return known;
  }

  #goalOf(metric: string, given: Goal | null, definitions: MetricDefinitions): Goal {
    const defined = given ?? definitionOf(definitions, metric).goal;
    if (defined !== undefined) return defined;
    const guess = goalByName(metric);
    if (guess === null)
      throw invalidOption(
        'goal',
        `'min' or 'max' for keep: 'best … by ${metric}', unless run.defineMetric gives the metric a goal`,
        undefined,
      );
    this.#tell(
      'info',
      `best by ${metric}: the ${guess === 'min' ? 'least' : 'greatest'} is the best, as its name suggests; defineMetric or goal says otherwise`,
    );
    return guess;
  }

  /** Returns a number that no file in the folder has. */
  #freeNumber(): number {
    return Math.max(0, ...this.#names().map((name) => numberInName(name) ?? 0)) + 1;
  }

  #names(): string[] {
    const { fs, runDir } = this.parts;
    const folder = join(runDir, CHECKPOINTS_FOLDER);
    return fs.stat(folder) === null ? [] : fs.list(folder);
  }

  #write(
    name: string,
    { source }: CheckpointCall,
  ): Promise<{ readonly bytes: number; readonly sha256: string }> {
    const { runDir } = this.parts;
    const parts = [CHECKPOINTS_FOLDER, name];
    return 'data' in source
      ? placeFile(runDir, parts, [source.data])
      : copyFrom(source.path, (chunks) => placeFile(runDir, parts, chunks));
  }

  /** Replaces the list; on failure the new file goes, and the old list and its files stay. */
  async #list(kept: readonly CheckpointLine[], added: string): Promise<void> {
    const { runDir } = this.parts;
    const text = Buffer.from(checkpointLines(kept));
    try {
      if (kept.length > MAX_CHECKPOINTS || text.length > MAX_CHECKPOINT_LIST)
        throw new ExpmanError(
          'INVALID_VALUE',
          `a run may have ${MAX_CHECKPOINTS} checkpoints at a time, and ${MAX_CHECKPOINT_LIST} bytes of facts about them; say which ones stay, such as keep: 'last 3'`,
          { count: kept.length, path: runDir },
        );
      await placeFile(runDir, [CHECKPOINTS_FOLDER, MANIFEST_NAME], [text]);
    } catch (error) {
      // Only where the folder could not be synced may the new list be there.
      if (!this.#isListed(added)) await this.#remove(added);
      throw error;
    }
  }

  #isListed(name: string): boolean {
    const { fs, runDir } = this.parts;
    return checkpointsIn(fs, runDir, []).lines.some(({ file }) => file === name);
  }

  /** Removes the files that are not in the list: those that do not stay, and leftovers of a kill. */
  async #removeOthers(listed: ReadonlySet<string>): Promise<void> {
    for (const name of this.#names())
      if ((numberInName(name) !== null && !listed.has(name)) || isTempName(name)) await this.#remove(name);
  }

  async #remove(name: string): Promise<void> {
    try {
      await asyncFs.remove(join(this.parts.runDir, CHECKPOINTS_FOLDER, name));
    } catch (error) {
      this.#tell(
        'warn',
        `${CHECKPOINTS_FOLDER}/${name} is no longer needed, but cannot be removed: ${messageOf(error)}`,
      );
    }
  }

  /** Writes a line to run.log, each once. */
  #tell(level: string, message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.parts.tell(level, message);
  }
}
