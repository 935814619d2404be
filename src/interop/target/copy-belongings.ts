import type { LoggingEngine } from '../../engine/logging-engine.js';
import { ExpmanError, isMistake, messageOf } from '../../model/errors.js';
import { quoted } from '../../model/printable.js';
import type { ExchangeFile, ExchangeMedia, ExchangeRun } from '../exchange/exchange-run.js';

/** What came of the files and media of a run. */
export interface Belongings {
  readonly files: number;
  readonly media: number;
  /** Descriptions of those that a run cannot keep. */
  readonly leftOut: readonly string[];
}

/** Copies the files of a run to its artifacts, and its media. */
export async function copyBelongings(source: ExchangeRun, engine: LoggingEngine): Promise<Belongings> {
  const leftOut: string[] = [];
  let files = 0;
  for (const file of source.files ?? []) {
    const refused = await saveFile(file, engine);
    if (refused === null) files++;
    else leftOut.push(`the file ${quoted(file.name, 80)}: ${refused}`);
  }
  let media = 0;
  let refused = 0;
  if (source.media !== undefined)
    for await (const each of source.media()) {
      if (keepMedia(each, engine)) media++;
      else refused++;
    }
  if (refused > 0) leftOut.push(`${refused} of ${media + refused} media; run.log says why`);
  return { files, media, leftOut };
}

/** Saves a file; returns why it could not be, or null. */
async function saveFile({ name, from }: ExchangeFile, engine: LoggingEngine): Promise<string | null> {
  try {
    if (typeof from === 'string') await engine.saveArtifact(from, name);
    else await engine.saveArtifact(name, from);
    return null;
  } catch (error) {
    if (isMistake(error)) throw error;
    // A full disk concerns the whole run.
    if (error instanceof ExpmanError && (error.code === 'IO' || error.code === 'WRITE_FAILED')) throw error;
    return messageOf(error);
  }
}

function keepMedia({ kind, name, step, content, caption }: ExchangeMedia, engine: LoggingEngine): boolean {
  const options = caption === undefined ? undefined : { caption };
  if (Array.isArray(content)) return engine.logTable(name, content as readonly object[], step) !== null;
  const file = content as Uint8Array | string;
  return (
    (kind === 'image'
      ? engine.logImage(name, file, step, options)
      : engine.logMedia(name, file, step, options)) !== null
  );
}
