import { join } from 'node:path';
import { quantity } from '../../pure/quantity.js';
import type { ExchangeFile, ExchangeMedia } from '../exchange/exchange-run.js';
import type { Findings } from '../exchange/findings.js';
import { filesBelow } from '../source/files-below.js';
import { isMapping, kindAt, type Mapping, textAt, textOr, textsOf } from '../source/source-files.js';
import { parsePythonJson } from './python-json.js';

/** A value of a history that names files beside it. */
export interface LoggedMedia {
  readonly name: string;
  readonly step: number | null;
  readonly value: Mapping;
}

/** The largest table that is read. @bound refuses: CORRUPT, and the table is counted as a file that cannot be read */
const MAX_TABLE_BYTES = 64 * 1024 * 1024;
/** What W&B writes beside the files of a user; the log has all of it. */
const THEIRS = /^(?:media\/|config\.yaml$|wandb-metadata\.json$|wandb-summary\.json$|output\.log$)/;

/** True for a picture, a sound, a table or any other value that is a file of its own. */
export function isMediaValue(value: unknown): value is Mapping {
  if (!isMapping(value) || typeof value['_type'] !== 'string' || value['_type'] === 'histogram') return false;
  return typeof value['path'] === 'string' || Array.isArray(value['filenames']);
}

/** Finds the files of logged media; those that are not there are counted and told. */
export function mediaOf(
  logged: readonly LoggedMedia[],
  folder: string,
  findings: Findings,
): readonly ExchangeMedia[] {
  let missing = 0;
  const media = logged.flatMap(({ name, step, value }) =>
    pathsIn(value).flatMap(({ path, caption }): ExchangeMedia[] => {
      const file = placeOf(folder, path);
      const content = file === null ? null : contentOf(file, textOr(value['_type']));
      if (content === null) missing++;
      return content === null ? [] : [{ name, step, ...content, ...(caption !== '' && { caption }) }];
    }),
  );
  if (missing > 0)
    findings.add('left out', quantity(missing, 'media whose files are not there or cannot be read'));
  return media;
}

function pathsIn(value: Mapping): readonly { readonly path: string; readonly caption: string }[] {
  if (typeof value['path'] === 'string') return [{ path: value['path'], caption: textOr(value['caption']) }];
  const captions = Array.isArray(value['captions']) ? (value['captions'] as unknown[]) : [];
  return textsOf(value['filenames']).map((path, at) => ({ path, caption: textOr(captions[at]) }));
}

/** The file at a path that the log says; null if it is not below the folder, or is a link. */
function placeOf(folder: string, path: string): string | null {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\\'))) return null;
  let place = folder;
  for (const [at, part] of parts.entries()) {
    place = join(place, part);
    if (kindAt(place) !== (at === parts.length - 1 ? 'file' : 'folder')) return null;
  }
  return place;
}

function contentOf(path: string, type: string): Pick<ExchangeMedia, 'kind' | 'content'> | null {
  if (type.startsWith('image')) return { kind: 'image', content: path };
  return type === 'table-file' ? tableAt(path) : { kind: 'media', content: path };
}

/** Reads a table of W&B: `{"columns":[…],"data":[[…],…]}`. */
function tableAt(path: string): Pick<ExchangeMedia, 'kind' | 'content'> | null {
  try {
    const table = parsePythonJson(textAt(path, MAX_TABLE_BYTES) ?? '', path);
    const { columns, data } = isMapping(table) ? table : {};
    if (!Array.isArray(columns) || !Array.isArray(data)) return null;
    const rows = data.map((row: unknown): Record<string, unknown> =>
      Object.fromEntries(
        columns.map((column, at) => [String(column), Array.isArray(row) ? (row[at] as unknown) : null]),
      ),
    );
    return { kind: 'table', content: rows };
  } catch {
    return null;
  }
}

/** Lists the files that were saved with the run. */
export const filesOf = (folder: string): readonly ExchangeFile[] =>
  kindAt(folder) !== 'folder'
    ? []
    : filesBelow(folder).flatMap(([name, from]) => (THEIRS.test(name) ? [] : [{ name, from }]));
