import { ExpmanError, messageOf } from '../../model/errors.js';
import { type ExperimentName, type RunName, parseArtifactName, parseName } from '../../model/names.js';
import { quoted } from '../../model/printable.js';
import { EXPERIMENT_NAME } from '../../run/file-names.js';
import { isTempName } from '../../storage/atomic-file.js';
import { STOP_NAME } from '../../run/stop-file.js';
import { LOCK_NAME } from '../../storage/lock-file.js';
import { JOURNAL_NAME, SWEEP_NAME } from '../../sweep/sweep-file.js';

/** The files of an experiment beside its runs. */
export const EXPERIMENT_FILES: readonly string[] = [EXPERIMENT_NAME, SWEEP_NAME, JOURNAL_NAME];

/** The place of a file of an archive: beside the run, or in it. */
export type ArchivedName =
  | { readonly kind: 'experiment'; readonly experiment: ExperimentName; readonly name: string }
  | { readonly kind: 'folder'; readonly experiment: ExperimentName }
  | {
      readonly kind: 'file';
      readonly experiment: ExperimentName;
      readonly run: RunName;
      readonly name: string;
    };

/**
 * Checks the names in an archive: one experiment, one run unless there may be many, no path out of
 * its folder, no two names that any file system considers equal.
 */
export class ArchiveNames {
  private readonly files = new Set<string>();
  private readonly folders = new Set<string>();
  private readonly facts: ReadonlySet<string>;
  private of: { readonly experiment: string; readonly run: string | null } | null = null;

  /** @param manyRuns - true for a whole experiment, with the files of its sweep */
  constructor(private readonly manyRuns: boolean) {
    this.facts = new Set(manyRuns ? EXPERIMENT_FILES : [EXPERIMENT_NAME]);
  }

  /**
   * Parses a path of an archive.
   *
   * @throws ExpmanError `UNSAFE_ARCHIVE`
   */
  admit(path: string, isFolder: boolean): ArchivedName {
    const [first, second, ...rest] = path.replace(isFolder ? /\/$/ : /^$/, '').split('/');
    const experiment = checked(path, () => parseName('experiment', first));
    const fact = !isFolder && rest.length === 0 && this.facts.has(second ?? '') ? second : undefined;
    const run =
      second === undefined || fact !== undefined ? null : checked(path, () => parseName('run', second));
    this.checkOwner(path, experiment, run);
    if (fact !== undefined) {
      this.claim(path);
      return { kind: 'experiment', experiment, name: fact };
    }
    const name = rest.join('/');
    if (name !== '' && checked(path, () => parseArtifactName(name)) !== name)
      throw unsafe(path, 'is not a plain path');
    if (isFolder) return { kind: 'folder', experiment };
    if (run === null || name === '') throw unsafe(path, 'is not a file of a run');
    if (name.toLowerCase() === STOP_NAME || rest.some((part) => part === LOCK_NAME || isTempName(part)))
      throw unsafe(path, 'is a file of a process, not of a run');
    this.claim(path);
    return { kind: 'file', experiment, run, name };
  }

  private checkOwner(path: string, experiment: string, run: string | null): void {
    const known = this.of ?? { experiment, run };
    const isOtherRun = run !== null && known.run !== null && known.run !== run;
    if (known.experiment !== experiment && this.manyRuns)
      throw unsafe(path, 'belongs to a second experiment: an archive contains one');
    if (known.experiment !== experiment || (isOtherRun && !this.manyRuns))
      throw unsafe(path, 'belongs to a second run: an archive contains one');
    this.of = { experiment, run: known.run ?? run };
  }

  /** Claims a path; paths that differ only in case or Unicode normalisation count as equal. */
  private claim(path: string): void {
    const folded = path.normalize('NFC').toLowerCase();
    if (this.files.has(folded) || this.folders.has(folded)) throw unsafe(path, 'occurs twice');
    this.files.add(folded);
    for (let at = folded.indexOf('/'); at >= 0; at = folded.indexOf('/', at + 1)) {
      const folder = folded.slice(0, at);
      if (this.files.has(folder)) throw unsafe(path, 'lies inside a file');
      this.folders.add(folder);
    }
  }
}

/** Makes the error for an archive that is refused. */
export function unsafe(path: string, why: string): ExpmanError {
  return new ExpmanError('UNSAFE_ARCHIVE', `the archive is refused: ${quoted(path, 200)} ${why}`);
}

function checked<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw unsafe(path, `is not an allowed name: ${messageOf(error)}`);
  }
}
