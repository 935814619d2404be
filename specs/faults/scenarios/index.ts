import type { Scenario } from '../scenario.js';
import { checkpoints } from './checkpoints.js';
import { alerts } from './alerts.js';
import { artifacts } from './artifacts.js';
import { deletions } from './deletions.js';
import { badPages, bitFlips, truncations } from './damage.js';
import { exits } from './exits.js';
import { freezes } from './freezes.js';
import { writerDeaths } from './writer-deaths.js';
import { failingCalls, shortWrites, slowCalls } from './failing-calls.js';
import { hostilePlaces } from './hostile.js';
import { leaks } from './leaks.js';
import { model } from './model.js';
import { schemaChaos } from './schema-chaos.js';
import { handshakes } from './handshakes.js';
import { clock } from './clock.js';
import { clockSteps } from './clock-steps.js';
import { fuzz } from './fuzz.js';
import { golden } from './golden.js';
import { crossEngine } from './cross-engine.js';
import { fileSystems } from './file-systems.js';
import { killsAtEveryChange } from './memory-kills.js';
import { moves } from './moves.js';
import { owners } from './owners.js';
import { powerLoss } from './power-loss.js';
import { randomKills } from './random-kills.js';
import { readerStorm } from './readers.js';
import { slowDisk } from './slow-disk.js';
import { syscalls } from './syscalls.js';

/** All scenarios, by the name they are chosen by. */
export const scenarios: readonly { readonly key: string; readonly scenario: Scenario }[] = [
  // Real kills and real readers first: what overruns its share takes it from those behind it.
  { key: 'readers', scenario: readerStorm },
  { key: 'random-kills', scenario: randomKills },
  { key: 'syscalls', scenario: syscalls },
  { key: 'checkpoints', scenario: checkpoints },
  { key: 'artifacts', scenario: artifacts },
  { key: 'alerts', scenario: alerts },
  { key: 'moves', scenario: moves },
  { key: 'deletions', scenario: deletions },
  { key: 'leaks', scenario: leaks },
  { key: 'model', scenario: model },
  { key: 'schema-chaos', scenario: schemaChaos },
  { key: 'handshakes', scenario: handshakes },
  { key: 'clock', scenario: clock },
  { key: 'clock-steps', scenario: clockSteps },
  { key: 'fuzz', scenario: fuzz },
  { key: 'golden', scenario: golden },
  { key: 'cross-engine', scenario: crossEngine },
  { key: 'file-systems', scenario: fileSystems },
  { key: 'changes', scenario: killsAtEveryChange },
  { key: 'power-loss', scenario: powerLoss },
  { key: 'failing-calls', scenario: failingCalls },
  { key: 'short-writes', scenario: shortWrites },
  { key: 'slow-calls', scenario: slowCalls },
  { key: 'truncations', scenario: truncations },
  { key: 'bit-flips', scenario: bitFlips },
  { key: 'bad-pages', scenario: badPages },
  { key: 'exits', scenario: exits },
  { key: 'writer-deaths', scenario: writerDeaths },
  { key: 'slow-disk', scenario: slowDisk },
  { key: 'freezes', scenario: freezes },
  { key: 'hostile', scenario: hostilePlaces },
  { key: 'owners', scenario: owners },
];
