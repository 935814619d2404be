// An evaluation in Vitest: each case is a test, and what it puts into `task.meta` is a score.
import { describe, expect, it } from 'vitest';

/** What is evaluated: a model, a service; here, a few lines of arithmetic. */
function answer(question: string): string {
  const [, one, sign, other] = /^(\d+) ([+*]) (\d+)$/.exec(question) ?? [];
  if (sign === undefined) return 'I do not know';
  return String(sign === '+' ? Number(one) + Number(other) : Number(one) * Number(other));
}

const CASES = Array.from({ length: 20 }, (_, at) => [
  { question: `${at} + ${at}`, expected: String(at + at) },
  { question: `${at} * 3`, expected: String(at * 3) },
]).flat();

describe('arithmetic', () => {
  for (const { question, expected } of [...CASES, { question: 'one + one', expected: '2' }])
    it(`answers ${question}`, ({ task }) => {
      const said = answer(question);
      Object.assign(task.meta, { length: said.length, knows: said !== 'I do not know' });
      expect(said).toBe(expected);
    });
});
