import { basename, join } from 'node:path';
import { nodeFs } from '../../storage/node-fs.js';
import { beginningOf, foldersIn, kindAt, namesIn } from './source-files.js';
import { hasSqliteWords } from './sqlite-signature.js';

/** A tool whose files are not read, known by their names or first bytes. */
interface UnreadTool {
  readonly isAt: (path: string) => boolean;
  /** What is at the path, and what to do with it. */
  readonly advice: string;
}

const isFile = (folder: string, name: string): boolean => kindAt(join(folder, name)) === 'file';

const TOOLS: readonly UnreadTool[] = [
  {
    isAt: (path) => basename(path) === '.aim' || kindAt(join(path, '.aim')) === 'folder',
    advice:
      'a repository of Aim, whose database is not read; read it in Python (aim.Repo(PATH).query_metrics()), ' +
      'write a CSV with the columns run, step and one for each metric, and import that',
  },
  {
    isAt: (path) =>
      /\.swanlab$/.test(path) ||
      [path, join(path, 'swanlog')].some((folder) => basename(folder) === 'swanlog' && isFolder(folder)) ||
      [path, ...foldersIn(path)].some((folder) => namesIn(folder).some((name) => /\.swanlab$/.test(name))),
    advice:
      'of SwanLab, whose log is not read; upload it (swanlab sync), download its charts as CSV, and import those',
  },
  {
    isAt: (path) =>
      (isFile(path, 'task.json') && ['metrics.jsonl', 'log.jsonl'].some((name) => isFile(path, name))) ||
      (/^offline-[\w-]+\.zip$/.test(basename(path)) && kindAt(path) === 'file'),
    advice:
      'an offline session of ClearML, which is not read; upload it (clearml-task --import-offline-session PATH), ' +
      'write its scalars (Task.get_reported_scalars()) as CSV, and import that',
  },
  {
    isAt: (path) =>
      hasSqliteWords(path, ['study_directions', 'trial_intermediate_values']) ||
      /^\{"op_code": ?\d.*"worker_id"/.test(beginningOf(path, 200).toString('latin1')),
    advice:
      'a storage of Optuna, which is not read; write study.trials_dataframe() as CSV in Python, and import that: ' +
      'each trial becomes a run',
  },
  {
    isAt: (path) =>
      [path, ...foldersIn(path)].some(
        (folder) => isFile(folder, 'metrics.csv') && isFile(folder, 'hparams.yaml'),
      ),
    advice: 'a folder of logs of Lightning; give the file metrics.csv in it',
  },
  {
    isAt: (path) => namesIn(path).length > 0 && namesIn(path).every((name) => isLink(join(path, name))),
    advice: 'a folder of links, which are not followed out of it; give the folder that they lead to',
  },
  {
    isAt: (path) => hasSqliteWords(path, []),
    advice: 'a database of SQLite, and neither of MLflow nor of trackio',
  },
];

/** Says what is at a path of no known format, and what to do with it; null if that is unknown. */
export const unreadToolAt = (path: string): string | null =>
  TOOLS.find(({ isAt }) => isAt(path))?.advice ?? null;

const isFolder = (path: string): boolean => kindAt(path) === 'folder';

function isLink(path: string): boolean {
  try {
    return nodeFs.stat(path)?.kind === 'link';
  } catch {
    return false;
  }
}
