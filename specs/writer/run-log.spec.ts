import { describe, expect, it } from 'vitest';
import { appendLines, healLog, type LogPlace } from '../../src/writer/files/append-log.js';
import { RunState } from '../../src/run/run-state.js';
import type { MemoryFs } from '../faults/memory-fs.js';
import { FOLDER, runFolder } from './wal-rig.js';

const LOG = `${FOLDER}/run.log`;
const LINES = ['first\n', 'zweite, größere\n', 'third\n'];

/** A state whose lines belong behind the first `offset` bytes of run.log. */
function stateWith(lines: readonly string[], offset = 0): RunState {
  const state = new RunState();
  state.log.offset = offset;
  state.log.pending.push(...lines);
  return state;
}

const placeOf = (fs: MemoryFs, power = false): LogPlace => ({ fs, folder: FOLDER, power });
const logOf = (fs: MemoryFs): string => fs.bytesOf(LOG).toString();

describe('run.log', () => {
  it('is brought up to the last line from any cut, no line missing and none twice', () => {
    const before = 'of an earlier append\n';
    const whole = Buffer.from(before + LINES.join(''));
    for (let length = before.length; length <= whole.length; length++) {
      const fs = runFolder();
      fs.overwrite(LOG, whole.subarray(0, length));
      const state = stateWith(LINES, before.length);
      healLog(placeOf(fs), state);
      expect(logOf(fs)).toBe(whole.toString());
      expect(state.log).toEqual({ offset: whole.length, pending: [] });
      healLog(placeOf(fs), state);
      expect(logOf(fs)).toBe(whole.toString());
    }
  });

  it('is brought up to the last line whichever call of the append fails, or takes a part', () => {
    for (const fault of [{ errno: 'ENOSPC' }, { takes: 7 }]) {
      for (let failing = 1; failing < 12; failing++) {
        const fs = runFolder();
        const state = stateWith([]);
        let unsure = false;
        fs.onCall = (call, _path, index) =>
          index === failing && (call === 'write' || 'errno' in fault) ? fault : null;
        for (const line of LINES) {
          state.log.pending.push(line);
          try {
            if (unsure) healLog(placeOf(fs), state);
            else appendLines(placeOf(fs), state, 1);
            unsure = false;
          } catch {
            unsure = true;
          }
        }
        fs.onCall = () => null;
        healLog(placeOf(fs), state);
        expect(logOf(fs)).toBe(LINES.join(''));
        expect(fs.openFiles).toBe(0);
      }
    }
  });

  it('keeps lines that the log lost and run.log has, and writes none again', () => {
    const fs = runFolder();
    fs.overwrite(LOG, Buffer.from(`${LINES.join('')}one more\n`));
    healLog(placeOf(fs), stateWith(LINES));
    expect(logOf(fs)).toBe(`${LINES.join('')}one more\n`);
  });

  it('begins a new line behind what somebody else has cut off or left there', () => {
    for (const [left, offset] of [
      ['somebody el', 0],
      ['short', 40],
    ] as const) {
      const fs = runFolder();
      fs.overwrite(LOG, Buffer.from(left));
      healLog(placeOf(fs), stateWith(LINES, offset));
      expect(logOf(fs)).toBe(`${left}\n${LINES.join('')}`);
    }
  });
});
