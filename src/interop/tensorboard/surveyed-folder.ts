import { quantity } from '../../pure/quantity.js';
import { Findings } from '../exchange/findings.js';
import type { EventFolder } from './event-files.js';
import { momentsOf, type ReadOptions } from './moments.js';
import { Restarts } from './restarts.js';
import { RunSurvey } from './run-survey.js';

/** A folder of event files, read once. */
export interface SurveyedFolder {
  readonly folder: EventFolder;
  readonly survey: RunSurvey;
  readonly restarts: Restarts;
  readonly findings: Findings;
}

/** Reads a folder for its facts; once more if a restart has purged some of them. */
export async function surveyOf(
  folder: EventFolder,
  onCorrupt: ReadOptions['onCorrupt'],
): Promise<SurveyedFolder> {
  const findings = new Findings();
  const note = (text: string): void => {
    findings.add('damaged', text);
  };
  const restarts = new Restarts();
  let survey = new RunSurvey();
  let at = 0;
  for await (const moment of momentsOf(folder.files, { onCorrupt, note })) {
    survey.add(moment);
    if (moment.isStart) restarts.add(at, moment.step);
    at++;
  }
  let purged = 0;
  if (restarts.count > 0) {
    survey = new RunSurvey();
    const moments = restarts.kept(momentsOf(folder.files, { onCorrupt }), (values) => (purged += values));
    for await (const moment of moments) survey.add(moment);
  }
  if (purged > 0)
    findings.add(
      'left out',
      `${quantity(purged, 'values')} that ${purged === 1 ? 'was' : 'were'} logged before the training was started again at an earlier step, as TensorBoard does`,
    );
  for (const what of survey.omissions) findings.add('left out', what);
  return { folder, survey, restarts, findings };
}
