import { ExpmanError } from '../../model/errors.js';
import { parseName } from '../../model/names.js';

/**
 * Converts a text to the name of a run or experiment: disallowed characters become `_`, the parts
 * of a path are joined by `-`.
 */
export function folderName(text: string): string {
  // @bound loses nothing: the name of a folder; the record in it has the whole one
  const plain = text
    .replaceAll('/', '-')
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 128)
    .replace(/\.+$/, '');
  // @bound loses nothing: the name of a folder; the record in it has the whole one
  return isName(plain) ? plain : isName(`run_${plain}`.slice(0, 128)) ? `run_${plain}`.slice(0, 128) : 'run';
}

function isName(text: string): boolean {
  try {
    parseName('run', text);
    return true;
  } catch (error) {
    if (error instanceof ExpmanError) return false;
    throw error;
  }
}
