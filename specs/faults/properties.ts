import fc from 'fast-check';
import type { ScenarioContext } from './scenario.js';

const AT_A_TIME = 100;

/** Checks a property with so many random values, as long as there is time; of what fails it names the smallest that does. */
export async function checkMany<T>(
  { seed, tally, goOn, progress }: ScenarioContext,
  cases: number,
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => Promise<void> | void,
): Promise<void> {
  for (let done = 0; done < cases && goOn(); done += AT_A_TIME) {
    const numRuns = Math.min(AT_A_TIME, cases - done);
    await fc.assert(
      fc.asyncProperty(arbitrary, async (value) => {
        await check(value);
        tally.cases++;
      }),
      // A seed for each hundred: a failure is found again without those before it.
      { numRuns, seed: seed + done, includeErrorInReport: true },
    );
    progress(`${done + numRuns} of ${cases}`);
  }
}
