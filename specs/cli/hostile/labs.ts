import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { expmanHere } from '../../support/cli-here.js';
import { tempFolders } from '../../support/temp-folder.js';
import { Lab, type Templates, makeTemplates } from './lab.js';

/** The formats a run is exported to and imported from. */
export const FORMATS = ['csv', 'json', 'ndjson', 'arrow', 'parquet', 'neptune', 'tensorboard'] as const;

/** Labs for the tests of a spec file. */
export interface HostileLabs {
  /** A folder that goes with the test. */
  readonly folder: () => string;
  readonly templates: () => Templates;
  /** A lab whose bad run is what an input makes of a template. */
  readonly labWith: (spoil: (runDir: string, lab: Lab) => void, template?: keyof Templates) => Lab;
}

/** Makes the templates of a spec file's labs before its tests. */
export function hostileLabs(): HostileLabs {
  const folder = tempFolders('hostile');
  const keep = tempFolders('hostile-templates', afterAll);
  let made: Templates | undefined;
  beforeAll(async () => {
    made = await makeTemplates(keep());
    // What is loaded once is no input's doing.
    const out = keep();
    for (const format of FORMATS)
      await expmanHere('export', made.closed, '-f', format, '-o', join(out, format));
    for (const command of ['list', 'inspect', 'tail', 'verify', 'compare', 'plot'])
      await expmanHere(command, made.closed);
  });
  const templates = (): Templates => {
    if (made === undefined) throw new Error('there are no templates before the tests');
    return made;
  };
  return {
    folder,
    templates,
    labWith: (spoil, template = 'closed') => {
      const lab = new Lab(folder(), templates()[template], templates());
      spoil(lab.bad, lab);
      return lab.begin();
    },
  };
}
