import { printable } from '../model/printable.js';
import type { RunFacts } from '../model/run-facts.js';
import { type FieldTexts, unknownFields } from '../reader/where/unknown-fields.js';
import type { Terminal } from './terminal.js';

/**
 * Reports on stderr the metrics, parameters and summary values in a command's arguments that no run
 * has, with hints.
 */
export function pointOutUnknown(texts: FieldTexts, runs: readonly RunFacts[], terminal: Terminal): void {
  for (const { field, hint } of unknownFields(texts, runs))
    terminal.complain(printable(`no run has ${field}${hint === '' ? '' : `; ${hint}`}`));
}
